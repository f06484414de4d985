package usbip

import (
	"context"
	"sync"
)

// queue hands blocks of bytes from the goroutine that reads the bus to the one
// that serves an interface. It never blocks the former: the kernel bounds what
// is under way by the transfers it has buffers for.
type queue struct {
	mu     sync.Mutex
	blocks [][]byte
	ready  chan struct{} // holds one token while blocks is not empty
}

func newQueue() *queue { return &queue{ready: make(chan struct{}, 1)} }

func (q *queue) put(block []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.blocks = append(q.blocks, block)
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// get waits for the next block; false when ctx ended first.
func (q *queue) get(ctx context.Context) ([]byte, bool) {
	for {
		q.mu.Lock()
		if len(q.blocks) > 0 {
			block := q.blocks[0]
			q.blocks = q.blocks[1:]
			q.mu.Unlock()
			return block, true
		}
		q.mu.Unlock()
		select {
		case <-q.ready:
		case <-ctx.Done():
			return nil, false
		}
	}
}
