package term

// Colour is one of the few that a verdict needs.
type Colour string

// The colours, as ANSI select-graphic-rendition parameters (ECMA-48 §8.3.117).
const (
	Green  Colour = "32"
	Yellow Colour = "33"
	Red    Colour = "31"
	Bold   Colour = "1"
)

// Lead writes a result to standard output as Printf does, with a painted word in
// front. Printf alone would escape the colour.
func (s *Streams) Lead(c Colour, word, format string, args ...any) error {
	if err := s.Print(s.Paint(c, Escape(word))); err != nil {
		return err
	}
	return s.Printf(format, args...)
}

// Paint colours our own text for standard output, or returns it as it is where
// colours are off. Escape foreign text before painting it.
func (s *Streams) Paint(c Colour, text string) string {
	if !s.colour || c == "" {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}
