"""What trains: device, dtype, threads, processes and the compiler."""
