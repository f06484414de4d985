package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// udevGroup is the netlink group to which udevd forwards each event once its
// rules have run; the kernel's own, before them, is group 1.
const udevGroup = 2

// listenUdev gives the messages of udevd, and nil for some that were lost, until
// ctx ends or the socket fails.
func listenUdev(ctx context.Context) (<-chan []byte, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_KOBJECT_UEVENT)
	if err != nil {
		return nil, fmt.Errorf("netlink socket: %w", err)
	}
	err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PASSCRED, 1)
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: udevGroup})
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("join udev's group: %w", err), unix.Close(fd))
	}
	socket := os.NewFile(uintptr(fd), "udev")
	raw, err := socket.SyscallConn()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("netlink socket: %w", err), socket.Close())
	}
	messages := make(chan []byte)
	go func() {
		defer close(messages)
		defer socket.Close()
		stop := context.AfterFunc(ctx, func() { socket.Close() })
		defer stop()
		message, control := make([]byte, maxUevent), make([]byte, unix.CmsgSpace(unix.SizeofUcred))
		for {
			var got []byte
			var failed error
			err := raw.Read(func(fd uintptr) bool {
				got, failed = receiveUdev(int(fd), message, control)
				return !errors.Is(failed, unix.EAGAIN)
			})
			switch {
			case err != nil: // closed
				return
			case errors.Is(failed, errForeignMessage), errors.Is(failed, unix.EINTR):
				continue
			case errors.Is(failed, unix.ENOBUFS): // more came than was fetched
				got = nil
			case failed != nil:
				return
			}
			select {
			case messages <- got:
			case <-ctx.Done():
				return
			}
		}
	}()
	return messages, nil
}

// errForeignMessage: whoever sent it, it was not udevd.
var errForeignMessage = errors.New("not from udevd")

// receiveUdev receives one message and makes sure that root sent it to the
// group: any process may write to a netlink socket. A message that did not fit
// is lost, and nil.
func receiveUdev(fd int, message, control []byte) ([]byte, error) {
	n, m, flags, from, err := unix.Recvmsg(fd, message, control, 0)
	if err != nil {
		return nil, err
	}
	sender, ok := from.(*unix.SockaddrNetlink)
	if !ok || sender.Groups != 1<<(udevGroup-1) || sender.Pid == 0 {
		return nil, errForeignMessage
	}
	parts, err := unix.ParseSocketControlMessage(control[:m])
	if err != nil || len(parts) != 1 {
		return nil, errForeignMessage
	}
	if who, err := unix.ParseUnixCredentials(&parts[0]); err != nil || who.Uid != 0 {
		return nil, errForeignMessage
	}
	if flags&unix.MSG_TRUNC != 0 {
		return nil, nil
	}
	return bytes.Clone(message[:n]), nil
}
