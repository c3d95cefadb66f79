"""Named secrets of accounts: values that jobs use by name, and that go only to the hosts they are for."""
