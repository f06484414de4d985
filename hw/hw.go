// Package hw says what a security key is: where the machine sees it, how its
// sightings become one key, what it claims of itself, and what verification
// proved. It holds values and the two byte-level interfaces through which a
// key is reached; it opens no device, and it knows nothing of people, places
// or AWS accounts.
package hw
