"""What tests share: fakes, helpers and programs that tests start. No test module imports another."""
