package file

import "syscall"

// free returns how many bytes the folder's disk has left for us.
func (d folder) free() (int64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(d.path, &s); err != nil {
		return 0, err
	}
	return int64(s.Bavail) * int64(s.Bsize), nil
}
