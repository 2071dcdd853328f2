//! Memory for bodies that may be large.

/// From this size on it matters that memory goes back to the system when it is freed.
const LARGE_BYTES: usize = 1024 * 1024;

/// Above 32 MiB glibc's allocator asks the system for memory of its own for each buffer, and gives it back when that is
/// freed (mallopt(3), `M_MMAP_THRESHOLD`). Smaller ones, once freed, it keeps, for each thread anew: a few bodies of
/// 25 MiB would cost their size times the number of threads for good.
const LARGE_CAPACITY_BYTES: usize = 33 * 1024 * 1024;

/// An empty buffer with room for `size_bytes`; for more than a megabyte, with more room than that. What is never written
/// to costs nothing.
pub fn buffer(size_bytes: usize) -> Vec<u8> {
    Vec::with_capacity(if size_bytes > LARGE_BYTES { size_bytes.max(LARGE_CAPACITY_BYTES) } else { size_bytes })
}
