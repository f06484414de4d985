package main

import "testing"

func TestMasked(t *testing.T) {
	tests := []struct{ name, value, want string }{
		{"nothing is nothing", "", ""},
		{"a file is no secret", "/etc/hwmfa/my policy.yaml", "/etc/hwmfa/my policy.yaml"},
		{"nor is an address", "sqlite:///home/ada/inventory.db", "sqlite:///home/ada/inventory.db"},
		{"a password is hidden", "postgres://ada:secret@db/hwmfa", "postgres://ada:xxxxx@db/hwmfa"},
		{"wherever it stands", "postgres://db/hwmfa?password=secret&sslmode=require&sslpassword=secret", "postgres://db/hwmfa?password=xxxxx&sslmode=require&sslpassword=xxxxx"},
		{"so is what lets one fetch a file", "https://a/x?token=secret https://b/", "https://a/x?token=xxxxx https://b/"},
		{"and an address that makes no sense", "postgres://ada:secret%@db", "(an address that cannot be parsed)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := masked(tt.value); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
