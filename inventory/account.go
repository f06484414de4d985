package inventory

import "fmt"

// Account is an AWS account whose root user keys can guard.
type Account struct {
	ID   string // twelve digits
	Name string // "" not known
	// Tier is the policy's word for how much is demanded of the account;
	// "" none given.
	Tier string
}

// CheckAccountID holds an account ID to its form: twelve digits.
func CheckAccountID(id string) error {
	if len(id) != 12 {
		return invalid("account ID", "is not twelve digits")
	}
	for i := range len(id) {
		if id[i] < '0' || id[i] > '9' {
			return invalid("account ID", "is not twelve digits")
		}
	}
	return nil
}

func (a Account) check() (Account, error) {
	if err := CheckAccountID(a.ID); err != nil {
		return a, err
	}
	var err error
	if a.Name, err = line("account name", a.Name, maxName); err != nil {
		return a, err
	}
	for _, r := range a.Tier {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' && r != '-' {
			return a, invalid("tier", "may hold lower-case letters, digits, - and _ only")
		}
	}
	if len(a.Tier) > 32 {
		return a, invalid("tier", "is longer than 32 bytes")
	}
	return a, nil
}

// CheckAccount holds an account to the form that SaveAccount takes.
func CheckAccount(a Account) error {
	_, err := a.check()
	return err
}

// SaveAccount records an account, or a new name or tier of one. Nothing
// changed is no event.
func SaveAccount(tx Tx, act Act, a Account) error {
	act, err := act.check()
	if err != nil {
		return fmt.Errorf("save account: %w", err)
	}
	if a, err = a.check(); err != nil {
		return fmt.Errorf("save account: %w", err)
	}
	old, err := tx.AccountByID(a.ID)
	known, err := found(err)
	if err != nil {
		return fmt.Errorf("save account %s: %w", a.ID, err)
	}
	if known && old == a {
		return nil
	}
	if err := tx.PutAccount(a); err != nil {
		return fmt.Errorf("save account %s: %w", a.ID, err)
	}
	_, err = record(tx, act, KindAccountSaved, a.ID, accountPayload(a))
	return err
}

// ensureAccount makes the account on first use.
func ensureAccount(tx Tx, act Act, id string) error {
	_, err := tx.AccountByID(id)
	known, err := found(err)
	if err == nil && !known {
		err = SaveAccount(tx, act, Account{ID: id})
	}
	if err != nil {
		return fmt.Errorf("account %s: %w", id, err)
	}
	return nil
}

func accountPayload(a Account) any {
	return struct {
		Name *string `json:"name"`
		Tier *string `json:"tier"`
	}{null(a.Name), null(a.Tier)}
}

// Accounts lists every account, by ID.
func Accounts(tx Tx) ([]Account, error) { return tx.ListAccounts() }

// FindAccount returns the account with this ID.
func FindAccount(tx Tx, id string) (Account, error) {
	if err := CheckAccountID(id); err != nil {
		return Account{}, err
	}
	a, err := tx.AccountByID(id)
	if err != nil {
		return Account{}, fmt.Errorf("account %s: %w", id, err)
	}
	return a, nil
}

// SetTier says which tier an account is of, "" for none. The account is made
// on first use.
func SetTier(tx Tx, act Act, id, tier string) (Account, error) {
	a, err := FindAccount(tx, id)
	if _, err := found(err); err != nil {
		return Account{}, err
	}
	a.ID, a.Tier = id, tier
	return a, SaveAccount(tx, act, a)
}
