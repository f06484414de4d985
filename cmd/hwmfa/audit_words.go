package main

// withMeaning puts the word itself in front of what it means, so that it can be
// looked up and compared with the JSON.
func withMeaning(word, meaning string) string {
	if meaning == "" {
		return word
	}
	return word + ": " + meaning
}
