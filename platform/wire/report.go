package wire

// AttendeeRole is as what somebody was in a conference.
type AttendeeRole string

// The roles in reports.
const (
	AttendeeAgent    AttendeeRole = "AGENT"    // whoever signed in
	AttendeeCustomer AttendeeRole = "CUSTOMER" // who came by a ticket
	AttendeeKiosk    AttendeeRole = "KIOSK"    // a device of ours
)
