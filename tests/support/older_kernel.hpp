// A kernel that has less than this one, for what a test starts.
#pragma once

namespace sandbox_test {

/// The calling process and all that it starts are refused a system call, with that errno. Ends the process where that
/// is impossible: for RunOptions::before_exec.
void refuse_call(long number, int error);

/// For RunOptions::before_exec: a launcher there takes the kernel's tmpfs for one that keeps no user attributes, as
/// before Linux 6.6: it asks a memfd, which cannot be made.
void without_tmpfs_attributes();

}  // namespace sandbox_test
