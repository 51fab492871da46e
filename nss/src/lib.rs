//! libnss_muster.so.2: names straight from the snapshot into the caller's buffer.
