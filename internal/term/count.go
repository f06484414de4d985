package term

import "fmt"

// Count is a number of things in words: "1 key", "0 keys", "12 keys".
func Count[N int | int64](n N, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
