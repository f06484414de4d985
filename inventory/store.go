package inventory

import "context"

// Store keeps an inventory. Any number of goroutines, and of processes on one
// database, may use it at once; changes happen one after the other.
type Store interface {
	// Update runs fn in a transaction that commits when fn returns nil and
	// leaves no trace otherwise. fn may be called more than once, when the
	// database could not carry out the transaction before: what it leaves
	// outside of Tx has to be of its last call alone. It must not call Update or
	// View again, and after an error of Tx it returns.
	Update(ctx context.Context, fn func(Tx) error) error
	// View runs fn on one unchanging state; writing gives ErrReadOnly.
	View(ctx context.Context, fn func(Tx) error) error
	// Login is the name that the database knows the caller by, which is then
	// the actor of what the caller does; "" where it knows nobody.
	Login() string
	Close() error
}

// Tx is one transaction: rows in and out, without rules. It is good only
// inside the function it was given to. Lists have a stable order; a look-up
// that finds nothing returns ErrNotFound; a row that breaks uniqueness returns
// ErrExists.
type Tx interface {
	KeyTx
	PlaceTx
	PersonTx
	CustodyTx
	ArtifactTx
	OrderTx
	TrustTx
	AccountTx
	AuditTx
	FoldedTx
	JournalTx
}

// KeyTx holds keys and what identifies and attests them.
type KeyTx interface {
	InsertKey(Key) error
	// UpdateKey writes every field of the key with this ID.
	UpdateKey(Key) error
	KeyByID(id string) (Key, error)
	KeyByTag(tag string) (Key, error) // letter case does not matter
	KeysBySerial(serial string) ([]Key, error)
	// ListKeys lists by time of arrival in the inventory, then ID.
	ListKeys(KeyFilter) ([]Key, error)
	// EachKey calls fn with what ListKeys returns; fn must not use the transaction.
	EachKey(KeyFilter, func(Key) error) error
	// CountKeys says how many ListKeys would list.
	CountKeys(KeyFilter) (int, error)
	// EachKeyStand calls fn with how every key stands, in any order; fn must not
	// use the transaction.
	EachKeyStand(fn func(KeyStand) error) error

	InsertCredential(Credential) error
	CredentialByID(id []byte) (Credential, error)
	// ListCredentials lists those of one key, or all for "", oldest first.
	ListCredentials(keyID string) ([]Credential, error)

	InsertRecord(Record) error
	// ListRecords lists those of one key, or all for "", oldest first.
	ListRecords(keyID string) ([]Record, error)

	// PutProof inserts the key's last proof or overwrites the one it had.
	PutProof(Proof) error
	DeleteProof(keyID string) error
	// ListProofs lists that of one key, or all for "", by event.
	ListProofs(keyID string) ([]Proof, error)
}

// PlaceTx holds places.
type PlaceTx interface {
	InsertPlace(Place) error
	// UpdatePlace writes the rules of the place with this ID: capacity, two people.
	UpdatePlace(Place) error
	PlaceByID(id string) (Place, error)
	PlaceByPath(path string) (Place, error) // letter case does not matter
	ListPlaces() ([]Place, error)           // by path

	InsertAccess(Access) error
	DeleteAccess(placeID, personID string) error
	// ListAccess takes "" for any place and for any person; the order is by
	// place, then the person's name.
	ListAccess(placeID, personID string) ([]Access, error)
}

// ArtifactTx holds what has to be kept apart from keys.
type ArtifactTx interface {
	// PutArtifact inserts the artifact or overwrites the one with its ID.
	PutArtifact(Artifact) error
	ArtifactByID(id string) (Artifact, error)
	ListArtifacts() ([]Artifact, error) // by label, then ID
}

// PersonTx holds people.
type PersonTx interface {
	// PutPerson inserts the person or overwrites the one with the ID.
	PutPerson(Person) error
	PersonByID(id string) (Person, error)
	ListPeople() ([]Person, error) // by name, then ID
}

// OrderTx holds what suppliers announced.
type OrderTx interface {
	// PutOrder inserts the order with its lines, or overwrites the one of its
	// number, whose lines stay the same but for what was received.
	PutOrder(Order) error
	OrderByNumber(number string) (Order, error)
	ListOrders() ([]Order, error) // by time, then number
}

// CustodyTx holds bags, parcels, and what waits for a second person.
type CustodyTx interface {
	// PutBag inserts the bag or overwrites the one with the number.
	PutBag(Bag) error
	BagByNumber(number string) (Bag, error)
	ListBags() ([]Bag, error) // by time of sealing, then number

	InsertShipment(Shipment) error
	ShipmentByID(id string) (Shipment, error)
	ListShipments() ([]Shipment, error) // by time, then ID

	InsertRequest(Request) error
	DeleteRequest(id string) error
	RequestByID(id string) (Request, error)
	ListRequests() ([]Request, error) // by event
}

// TrustTx holds the trusted roots that users added, and the metadata.
type TrustTx interface {
	InsertAnchor(Anchor) error
	DeleteAnchor(sha256 Hash) error
	ListAnchors() ([]Anchor, error) // by name, then hash

	// PutMetadata keeps one BLOB in the place of the one before.
	PutMetadata(Metadata) error
	StoredMetadata() (Metadata, error)
}

// AccountTx holds AWS accounts and the keys bound to their root users.
type AccountTx interface {
	// PutAccount inserts the account or overwrites the one with its ID.
	PutAccount(Account) error
	AccountByID(id string) (Account, error)
	ListAccounts() ([]Account, error) // by ID

	InsertBinding(Binding) error
	DeleteBinding(accountID, keyID string) error
	// ListBindings takes "" for any account and for any key; the order is by
	// account, then device name.
	ListBindings(accountID, keyID string) ([]Binding, error)

	// PutException keeps one exception in the place of the account's last.
	PutException(Exception) error
	DeleteException(accountID string) error
	// ListExceptions takes "" for any account; the order is by account.
	ListExceptions(accountID string) ([]Exception, error)
}

// AuditTx holds runs of the audit, which never change.
type AuditTx interface {
	InsertAuditRun(AuditRun) error
	AuditRunByID(id string) (AuditRun, error)
	// ListAuditRuns lists those of one scope (see AuditScope.Key), or all for "",
	// by event.
	ListAuditRuns(scope string) ([]AuditRun, error)
}

// FoldedTx holds the names that rows are looked up by.
type FoldedTx interface {
	// EachFolded calls fn with at least every row whose folded name is not that
	// of its text; fn must not use the transaction.
	EachFolded(fn func(Folded) error) error
}

// Folded is a text that rows are looked up by in any letter case.
type Folded struct {
	Row    string // in words, such as "key K-7Q2M4XRD"
	Text   string // as it is shown, "" none
	Folded string // as it is looked up
}

// JournalTx holds the journal. There is no way to change or remove an event.
type JournalTx interface {
	AppendEvent(Event) error
	LastEvent() (Event, error)
	// EachEvent calls fn with every event numbered from on, in order; fn must
	// not use the transaction. An event that cannot be read ends it with a
	// JournalError, whose number is 0 where even that cannot be read.
	EachEvent(from int64, fn func(Event) error) error
	EventsAbout(subject string) ([]Event, error)
	// EachRaw calls fn with all events as they are stored, by number, some at a
	// time; fn may keep them and must not use the transaction. An event whose
	// number cannot be read ends it with a JournalError of number 0.
	EachRaw(fn func([]RawEvent) error) error
	EventByNumber(seq int64) (Event, error)
	// Guards names, as ErrDamaged, what of the database keeps the journal from
	// being changed, and is not as this program made it.
	Guards() error
	// StocktakeEvents lists the events that start and close stocktakes, in order,
	// those that close without their payloads, which can be long.
	StocktakeEvents() ([]Event, error)
}
