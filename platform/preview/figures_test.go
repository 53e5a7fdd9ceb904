//go:build figures

package preview

import (
	"encoding/json"
	"fmt"
	"testing"
)

// TestFiguresOfPictures measures what it takes to put one frame of 30 KB into a
// picture, and as many as a loop has at most.
func TestFiguresOfPictures(t *testing.T) {
	for _, n := range []int{1, maxShown} {
		r := testing.Benchmark(func(b *testing.B) { encode(b, n) })
		line, err := json.Marshal(map[string]any{"figure": fmt.Sprintf("picture of %d frames", n), "unit": "ns", "ns": r.NsPerOp(),
			"bytes": r.AllocedBytesPerOp(), "allocations": r.AllocsPerOp()})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println(string(line))
	}
}
