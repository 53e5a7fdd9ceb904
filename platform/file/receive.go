package file

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// Sort is what an upload may be.
type Sort int

// The sorts of uploads.
const (
	Document Sort = iota // documents, pictures and plain text
	Photo                // JPEG, PNG or WebP
)

// Upload is a whole file that nobody can find yet. Either Send or Acquire keeps
// it, or Discard removes it; Discard after that does nothing.
type Upload struct {
	Name   string // clean
	Kind   string // MIME type
	Size   int64
	SHA256 [sha256.Size]byte

	service *Service
	by      Caller
	file    *os.File
	over    bool
}

// Receive writes a file to disk as it comes in. Its name and its first bytes say
// whether it is of the sort; what is not, or is too large, is refused as soon as
// that shows. An error of the source comes back wrapped.
func (s *Service) Receive(ctx context.Context, who Caller, sort Sort, name string, source io.Reader) (_ *Upload, err error) {
	user := [2]string{who.Organization, who.UserID}
	if err := s.room.begin(user); err != nil {
		return nil, err
	}
	defer s.room.end(user)
	head := make([]byte, headLength)
	n, err := io.ReadFull(source, head)
	switch {
	case err == io.EOF: // not one byte
		return nil, ErrEmpty
	case err != nil && err != io.ErrUnexpectedEOF:
		return nil, fmt.Errorf("receive file: %w", err)
	}
	u := &Upload{service: s, by: who}
	kinds := documentKinds()
	if sort == Photo {
		kinds = pictureKinds()
	}
	if u.Kind, u.Name, err = kindOf(kinds, cleanName(name), head[:n]); err != nil {
		return nil, err
	}
	if u.file, err = s.folder.create(); err != nil {
		return nil, noSpace(err)
	}
	defer func() {
		if err != nil {
			u.Discard()
		}
	}()
	sum := sha256.New()
	if err := u.write(sum, head[:n]); err != nil {
		return nil, err
	}
	const chunk = 64 << 10
	buffer := make([]byte, chunk)
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n, err := source.Read(buffer)
		if n > 0 {
			if err := u.write(sum, buffer[:n]); err != nil {
				return nil, err
			}
		}
		switch err {
		case nil:
		case io.EOF:
			sum.Sum(u.SHA256[:0])
			return u, nil
		default:
			return nil, fmt.Errorf("receive file: %w", err)
		}
	}
}

func (u *Upload) write(sum io.Writer, b []byte) error {
	n := int64(len(b))
	if u.Size+n > u.service.MaxSize {
		return u.service.TooLarge()
	}
	switch free, err := u.service.folder.free(); {
	case err != nil:
		return fmt.Errorf("free space: %w", err)
	case free < diskReserve+n:
		return ErrNoSpace
	}
	if err := u.service.room.take(n); err != nil {
		return err
	}
	u.Size += n
	if _, err := u.file.Write(b); err != nil {
		return noSpace(err)
	}
	_, err := sum.Write(b)
	return err
}

// TooLarge is the ErrTooLarge of this service, which tells its limit.
func (s *Service) TooLarge() error {
	return fmt.Errorf("the %w: %d bytes are taken at most", ErrTooLarge, s.MaxSize)
}

// Discard removes an upload that nothing kept.
func (u *Upload) Discard() {
	if u == nil || u.over {
		return
	}
	u.over = true
	err := errors.Join(u.file.Close(), u.service.folder.remove(u.file.Name()))
	u.gone(u.Size, err)
}

// publish gives the file its id and makes it durable. What is published is kept
// by a row, or taken back with retract.
func (u *Upload) publish(id string) error {
	if u.over {
		return errors.New("upload is over")
	}
	u.over = true
	if err := u.service.folder.publish(u.file, id); err != nil {
		err = noSpace(err)
		u.gone(u.Size, errors.Join(u.service.folder.remove(u.file.Name()), u.service.folder.remove(u.service.folder.file(id))))
		return err
	}
	return nil
}

// retract removes a published file, unless its row may have been written all the
// same: then it stays, and the next start judges it.
func (u *Upload) retract(id string, why error) {
	if !isRefusal(why) {
		u.service.Logger.Error("file is kept though its row may be missing", "file", id, "err", why)
		return
	}
	u.gone(u.Size, u.service.folder.remove(u.service.folder.file(id)))
}

// gone gives the room of a removed file back.
func (u *Upload) gone(size int64, err error) {
	u.service.room.give(size)
	if err != nil {
		u.service.Logger.Error("file is not removed", "err", err)
	}
}

// isRefusal tells whether an error of the store means that nothing was written.
func isRefusal(err error) bool {
	for _, known := range []error{ErrNotMember, ErrTooMany, ErrTransaction, ErrNotApproved, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

// noSpace names the errors of a full disk.
func noSpace(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %w", ErrNoSpace, err)
	}
	return fmt.Errorf("write file: %w", err)
}
