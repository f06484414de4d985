package term

// Hush keeps what is typed from being shown, and from being read by whoever
// comes next, while nobody is asked anything: a touched key types a one-time
// password and Enter into whatever has the keyboard.
type Hush struct {
	flush   func()
	restore func()
}

// Hush begins; it does nothing where there is no terminal, or --no-input.
func (s *Streams) Hush() *Hush {
	if s.NoInput || !s.inTTY {
		return &Hush{func() {}, func() {}}
	}
	return hushTTY()
}

// Forget throws away what was typed until now. It is called before a question.
func (h *Hush) Forget() { h.flush() }

// End shows again what is typed from now on.
func (h *Hush) End() {
	h.flush()
	h.restore()
}
