package conference

// Live returns how many conferences have a loop.
func (d *Directory) Live() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.live)
}
