package local

import (
	"context"
	"os"
	"sync"
	"syscall"
	"time"
)

// awakeFor is how long nodes that nobody takes stay open once all are: enough
// for a caller to open what was listed.
const awakeFor = 500 * time.Millisecond

// awake holds hidraw nodes open for those who will want them. The kernel rests
// 50 ms at every first opening of a USB HID device, and meanwhile lets nobody
// open, close or write to any other (usbhid_open, under hidraw's lock). So one
// goroutine opens them one after another from the moment they are listed,
// beside the work of all other parts and between the reports of keys that are
// open already. The zero value holds none.
type awake struct {
	mu    sync.Mutex
	nodes map[string]*wakened
}

// wakened is one node. Once opened is closed, file is what to read and write
// it by; nil where it could not be opened or somebody has it.
type wakened struct {
	opened chan struct{}
	file   *os.File // guarded by awake.mu
}

// wake opens the nodes in the order in which they are sent to it, until that is
// closed, and closes what nobody took a while later, earlier when ctx ends. A node
// that cannot be opened is for others to complain of.
func (m *Machine) wake(ctx context.Context, nodes []string) (order chan<- string) {
	all := m.awake.add(nodes)
	next := make(chan string, len(nodes)) // never to be waited for
	go func() {
		for node := range next {
			w := all[node]
			if w == nil {
				continue // listed a moment ago
			}
			var f *os.File
			if ctx.Err() == nil {
				f, _ = m.system.openNode(node)
			}
			m.awake.mu.Lock()
			w.file = f
			m.awake.mu.Unlock()
			close(w.opened)
		}
		select {
		case <-time.After(awakeFor):
		case <-ctx.Done():
		}
		for node, w := range all {
			if f := m.awake.remove(node, w); f != nil {
				f.Close()
			}
		}
	}()
	return next
}

// add enters the nodes that are not held, and returns them.
func (a *awake) add(nodes []string) map[string]*wakened {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.nodes == nil {
		a.nodes = map[string]*wakened{}
	}
	added := map[string]*wakened{}
	for _, node := range nodes {
		if a.nodes[node] == nil {
			added[node] = &wakened{opened: make(chan struct{})}
			a.nodes[node] = added[node]
		}
	}
	return added
}

// remove gives the file away, nil where there is none any more.
func (a *awake) remove(node string, w *wakened) *os.File {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.nodes[node] == w {
		delete(a.nodes, node)
	}
	f := w.file
	w.file = nil
	return f
}

// openNode takes a node that is held open, or about to be, and opens it where
// none is.
func (m *Machine) openNode(ctx context.Context, node string) (*os.File, error) {
	m.awake.mu.Lock()
	w := m.awake.nodes[node]
	m.awake.mu.Unlock()
	if w != nil {
		select {
		case <-w.opened:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if f := m.awake.remove(node, w); f != nil {
			return f, nil
		}
	}
	return m.system.openNode(node)
}

func (s system) openNode(node string) (*os.File, error) {
	return os.OpenFile(s.path(node), os.O_RDWR|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
}
