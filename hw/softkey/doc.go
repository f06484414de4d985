// Package softkey is a complete security key in software: it speaks CTAPHID
// reports (CTAP 2.1 §11.2) and ISO 7816 APDUs, with the FIDO2, U2F, PIV,
// management and OTP applications of a YubiKey 5 behind them. Tests, the demo
// and the virtual USB bus put it where a key would be, so that the code above
// and tools nobody here wrote meet the bytes of a real one.
//
// Its attestation chains end in the roots of a CA that NewCA makes anew for
// every run: they are trusted nowhere else, and nothing it signs is evidence of
// hardware. It keeps its secrets in memory only, writes no file and opens no
// device.
package softkey
