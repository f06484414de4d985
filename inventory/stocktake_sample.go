package inventory

import (
	"bytes"
	"crypto/sha256"
	"slices"
)

// DrawSample picks n of the IDs: those whose SHA-256 over "hwmfa.sample/v1", a
// zero byte, the seed, a zero byte and the ID is lowest. Anybody who has the
// population and the seed draws the same, in whatever order the IDs come. The
// sample is sorted.
func DrawSample(ids []string, n int, seed string) []string {
	type ticket struct {
		id   string
		rank Hash
	}
	tickets := make([]ticket, len(ids))
	for i, id := range ids {
		tickets[i] = ticket{id, sha256.Sum256([]byte("hwmfa.sample/v1\x00" + seed + "\x00" + id))}
	}
	slices.SortFunc(tickets, func(a, b ticket) int { return bytes.Compare(a.rank[:], b.rank[:]) })
	sample := make([]string, 0, n)
	for _, t := range tickets[:min(n, len(tickets))] {
		sample = append(sample, t.id)
	}
	slices.Sort(sample)
	return sample
}

// PopulationHash is the SHA-256 over the sorted IDs, a newline after each.
func PopulationHash(ids []string) Hash {
	ids = slices.Sorted(slices.Values(ids))
	h := sha256.New()
	for _, id := range ids {
		h.Write([]byte(id + "\n"))
	}
	return Hash(h.Sum(nil))
}
