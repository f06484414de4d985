package softkey

import (
	"encoding/binary"
	"time"
)

// CTAPHID commands, without the bit that marks an initialization packet
// (CTAP 2.1 §11.2.9). 0x42 is Yubico's: GET DEVICE INFO.
const (
	cmdPing       = 0x01
	cmdMsg        = 0x03
	cmdLock       = 0x04
	cmdInit       = 0x06
	cmdWink       = 0x08
	cmdCBOR       = 0x10
	cmdCancel     = 0x11
	cmdDeviceInfo = 0x42
	cmdKeepalive  = 0x3b
	cmdError      = 0x3f
)

// Error codes of CTAPHID_ERROR (CTAP 2.1 §11.2.9.1.6).
const (
	errInvalidCommand = 0x01
	errInvalidLength  = 0x03
	errInvalidSeq     = 0x04
	errMsgTimeout     = 0x05
	errChannelBusy    = 0x06
	errInvalidChannel = 0x0b
)

// Capabilities in the answer to CTAPHID_INIT.
const (
	capWink = 0x01
	capCBOR = 0x04
	capNMSG = 0x08 // CTAPHID_MSG is not implemented
)

const (
	broadcast = 0xffffffff
	initData  = reportLen - 7                // payload of an initialization packet
	contData  = reportLen - 5                // payload of a continuation packet
	maxData   = initData + (0x7f+1)*contData // 7609 bytes
	initFlag  = 0x80
)

// frames cuts one message into reports.
func frames(channel uint32, cmd byte, data []byte) [][]byte {
	first := make([]byte, reportLen)
	binary.BigEndian.PutUint32(first, channel)
	first[4] = cmd | initFlag
	binary.BigEndian.PutUint16(first[5:], uint16(len(data)))
	data = data[copy(first[7:], data):]
	out := [][]byte{first}
	for seq := byte(0); len(data) > 0; seq++ {
		f := make([]byte, reportLen)
		binary.BigEndian.PutUint32(f, channel)
		f[4] = seq
		data = data[copy(f[5:], data):]
		out = append(out, f)
	}
	return out
}

// assembly is a message that comes in frame by frame.
type assembly struct {
	channel uint32
	cmd     byte
	want    int
	data    []byte
	seq     byte
	// deadline is when the next frame is due; the timer may have fired just
	// before it was put off.
	deadline time.Time
}

// add takes payload and says whether the message is complete.
func (a *assembly) add(payload []byte) bool {
	a.data = append(a.data, payload[:min(len(payload), a.want-len(a.data))]...)
	return len(a.data) == a.want
}
