package room

import (
	"errors"
	"testing"
	"time"
)

func TestParseInstant(t *testing.T) {
	for in, want := range map[string]string{
		"2022-01-01":                            "2022-01-01T00:00:00Z",
		"2024-02-29":                            "2024-02-29T00:00:00Z",
		"2022-01-01T23:59:59Z":                  "2022-01-01T23:59:59Z",
		"2022-01-01T23:59:60Z":                  "2022-01-01T23:59:59Z",
		"2022-01-01T23:59:60.25Z":               "2022-01-01T23:59:59.25Z",
		"1990-12-31T15:59:60-08:00":             "1990-12-31T23:59:59Z",
		"2017-01-01T05:29:60+05:30":             "2016-12-31T23:59:59Z",
		"2022-01-01t00:00:00z":                  "2022-01-01T00:00:00Z",
		"2022-01-01 00:00:00-00:00":             "2022-01-01T00:00:00Z",
		"2022-01-01T00:00:00.5+01:00":           "2021-12-31T23:00:00.5Z",
		"2022-01-01T00:00:00.123456789Z":        "2022-01-01T00:00:00.123456789Z",
		"2022-01-01T00:00:00.9999999999999999Z": "2022-01-01T00:00:00.999999999Z",
		"2022-12-31T23:30:00-23:59":             "2023-01-01T23:29:00Z",
		"1970-01-01":                            "1970-01-01T00:00:00Z",
		"1969-12-31T23:00:00-01:00":             "1970-01-01T00:00:00Z",
		"2199-12-31T23:59:59Z":                  "2199-12-31T23:59:59Z",
	} {
		got, err := parseInstant(in)
		if err != nil || got.Format(time.RFC3339Nano) != want || got.Location() != time.UTC || got.dateOnly != (len(in) == len("2022-01-01")) {
			t.Errorf("%s: got %v (date only %v), %v, want %s", in, got.Time, got.dateOnly, err, want)
		}
	}
}

func TestParseInstantRefuses(t *testing.T) {
	for _, in := range []string{"", "2022", "2022-01", "2022-1-1", "2022-01-01T", "2022-01-01Z", "2022-01-01T00:00Z", "2022-01-01T00:00:00",
		"2022-01-01T00:00:00.Z", "2022-01-01T00:00:00,5Z", "2022-01-01T00:00:00+01", "2022-01-01T00:00:00+0100", "2022-01-01T00:00:00+24:00",
		"2022-01-01T00:00:00+01:60", "2022-01-01T24:00:00Z", "2022-01-01T00:60:00Z", "2022-01-01T00:00:61Z", "2022-01-01T23:59:99Z",
		"2022-01-01T12:00:60Z", "2022-01-01T23:58:60Z", "2022-01-01T23:59:60+01:00", "2022-00-01", "2022-13-01", "2022-01-00", "2022-01-32",
		"2022-02-29", "2022-04-31", " 2022-01-01", "2022-01-01 ", "2022-01-01T00:00:00Z ", "2022-01-01T00:00:00Zz", "+2022-01-01",
		"20220101", "2022/01/01", "٢٠٢٢-01-01", "12022-01-01", "1640995200"} {
		if got, err := parseInstant(in); !errors.Is(err, errInstant) {
			t.Errorf("%q: got %v, %v", in, got.Time, err)
		}
	}
	for _, in := range []string{"0000-01-01", "1969-12-31", "1970-01-01T00:59:59+01:00", "2200-01-01", "2199-12-31T23:59:59-00:01", "9999-12-31"} {
		if got, err := parseInstant(in); !errors.Is(err, errYear) {
			t.Errorf("%q: got %v, %v", in, got.Time, err)
		}
	}
}

// inDay tells whether an offset is below a day: the standard library takes 24
// hours as well, RFC 3339 does not.
func inDay(t time.Time) bool {
	_, offset := t.Zone()
	return max(offset, -offset) < int(day/time.Second)
}

// FuzzParseInstant compares with the standard library wherever both read the
// same text.
func FuzzParseInstant(f *testing.F) {
	for _, in := range []string{"2022-01-01T23:59:60Z", "2022-01-01", "2022-01-01T23:59:59.999+01:00", "1969-12-31T23:59:59-23:59", "2022-02-30T00:00:00Z", "1969-12-31T23:59:59-24:59"} {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got, err := parseInstant(in)
		std, stdErr := time.Parse(time.RFC3339Nano, in)
		switch {
		case err == nil && stdErr == nil && !got.Equal(std):
			t.Errorf("%q: got %v, the standard library %v", in, got.Time, std)
		case errors.Is(err, errInstant) && stdErr == nil && std.Format(time.RFC3339Nano) == in && inDay(std):
			t.Errorf("%q: refused, the standard library reads %v", in, std)
		case err == nil && (got.Year() < minYear || got.Year() > maxYear):
			t.Errorf("%q: year %d", in, got.Year())
		}
		if err != nil {
			return
		}
		if again, err := parseInstant(got.Format(time.RFC3339Nano)); err != nil || !again.Equal(got.Time) {
			t.Errorf("%q: %v reads as %v, %v", in, got.Time, again.Time, err)
		}
	})
}
