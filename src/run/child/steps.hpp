// The functions that execute single steps. Each returns an errno, 0 when done. See child.hpp for the rules.
#pragma once

#include "plan/step.hpp"
#include "run/child/child.hpp"

namespace sandbox::run {

/// What the steps share: descriptors that earlier steps leave for later ones.
struct SetupState {
    const InitProgram& program;
    mode_t umask = 022;  ///< the caller's
    SetupContext context;
    int old_roots[8] = {-1, -1, -1, -1, -1, -1, -1, -1};  ///< copies of the old root's tree, one for each bind of `/`
    std::size_t old_root_count = 0;
    std::size_t next_tree = 0;  ///< of InitProgram::trees
    int scratch = -1;           ///< the scratch tmpfs
    int root = -1;              ///< the new `/`
    int proc = -1;              ///< the fresh proc, before anything in it was made read-only
    int sysfs = -1;             ///< the fresh sysfs
    int quotas = -1;            ///< /proc/sys/user
};

// mounts.cpp
int execute(SetupState& state, const plan::PrivatePropagation& step) noexcept;
int execute(SetupState& state, const plan::MakeScratch& step) noexcept;
int execute(SetupState& state, const plan::ScratchDirectory& step) noexcept;
int execute(SetupState& state, const plan::ScratchFile& step) noexcept;
int execute(SetupState& state, const plan::ScratchSymlink& step) noexcept;
int execute(SetupState& state, const plan::MountRoot& step) noexcept;
int execute(SetupState& state, const plan::KeepRoot& step) noexcept;
int execute(SetupState& state, const plan::MountScratch& step) noexcept;
int execute(SetupState& state, const plan::BindMount& step) noexcept;
int execute(SetupState& state, const plan::Mask& step) noexcept;
int execute(SetupState& state, const plan::ReadOnly& step) noexcept;
int execute(SetupState& state, const plan::Pin& step) noexcept;
int execute(SetupState& state, const plan::PivotRoot& step) noexcept;
int execute(SetupState& state, const plan::ChangeOwner& step) noexcept;

// hide.cpp
int execute(SetupState& state, const plan::ScratchHidden& step) noexcept;
int execute(SetupState& state, const plan::Hide& step) noexcept;

// filesystems.cpp
int execute(SetupState& state, const plan::MountTmpfs& step) noexcept;
int execute(SetupState& state, const plan::MountProc& step) noexcept;
int execute(SetupState& state, const plan::MountSysfs& step) noexcept;
int execute(SetupState& state, const plan::MountCgroup& step) noexcept;
int execute(SetupState& state, const plan::MountDevpts& step) noexcept;
int execute(SetupState& state, const plan::MountMqueue& step) noexcept;

// overlay.cpp
int execute(SetupState& state, const plan::MountOverlay& step) noexcept;

// namespaces.cpp
int execute(SetupState& state, const plan::NewCgroupNamespace& step) noexcept;
int execute(SetupState& state, const plan::NewSessionKeyring& step) noexcept;
int execute(SetupState& state, const plan::JoinNetwork& step) noexcept;
int execute(SetupState& state, const plan::LoopbackUp& step) noexcept;
int execute(SetupState& state, const plan::Sysctl& step) noexcept;
int execute(SetupState& state, const plan::KeepQuotaDirectory& step) noexcept;
int execute(SetupState& state, const plan::EnterQuotaUserns& step) noexcept;
int execute(SetupState& state, const plan::Quota& step) noexcept;
int execute(SetupState& state, const plan::EnterGuest& step) noexcept;
int execute(SetupState& state, const plan::SetHostname& step) noexcept;
int execute(SetupState& state, const plan::SetDomainname& step) noexcept;
int execute(SetupState& state, const plan::AwaitInit& step) noexcept;

// join.cpp
int execute(SetupState& state, const plan::JoinGuest& step) noexcept;

// process.cpp
int execute(SetupState& state, const plan::NewSession& step) noexcept;
int execute(SetupState& state, const plan::ProcessGroup& step) noexcept;
int execute(SetupState& state, const plan::ChangeDirectory& step) noexcept;
int execute(SetupState& state, const plan::CloseDescriptors& step) noexcept;
int execute(SetupState& state, const plan::CoreLimit& step) noexcept;
int execute(SetupState& state, const plan::ResourceLimitStep& step) noexcept;
int execute(SetupState& state, const plan::Niceness& step) noexcept;
int execute(SetupState& state, const plan::OomScore& step) noexcept;
int execute(SetupState& state, const plan::NoNewPrivileges& step) noexcept;
int execute(SetupState& state, const plan::Execute& step) noexcept;

// landlock.cpp, capabilities.cpp, seccomp.cpp
int execute(SetupState& state, const plan::Landlock& step) noexcept;
int execute(SetupState& state, const plan::Capabilities& step) noexcept;
int execute(SetupState& state, const plan::ChangeIds& step) noexcept;
int execute(SetupState& state, const plan::Seccomp& step) noexcept;

/// Mounts a new instance of a file system at `target`. `options` are key, value pairs ended by nullptr; a value of
/// nullptr is a flag. `keep` receives a descriptor of the mount when it is not nullptr. filesystems.cpp
int mount_fresh(const SetupState& state, const char* type, const char* const* options, const char* target,
                unsigned attributes, int* keep) noexcept;

/// A new instance of a file system, not attached yet. filesystems.cpp
int make_fresh(const char* type, const char* const* options, unsigned attributes, int& tree) noexcept;

/// A new instance of devpts, not attached yet. filesystems.cpp
int make_devpts(int& tree) noexcept;

/// A descriptor of a path inside; what lies in the fresh /proc and /sys is reached from those mounts themselves,
/// wherever somebody may have moved their mount points meanwhile. mounts.cpp
int open_target(const SetupState& state, const char* path) noexcept;

/// The tree of a bind, not attached yet: as the launcher has made it, or cloned from the host, if that still has there
/// what the launcher saw. `flags`: AT_RECURSIVE for its submounts, too; without, the launcher's has none. Returns an
/// errno. mounts.cpp
int take_tree(SetupState& state, const plan::BindMount& bind, unsigned flags, int& tree) noexcept;

/// A descriptor of what is at a source, if that is what the launcher saw. Returns an errno. mounts.cpp
int open_source(const SetupState& state, const plan::Source& source, int& found) noexcept;

/// The bits of mount_setattr(2). mounts.cpp
std::uint64_t attribute_bits(const plan::MountAttributes& attributes) noexcept;

/// What is made in a file system before that is attached. Returns an errno. filesystems.cpp
int make_entry(int directory, const plan::MountTmpfs::Entry& entry) noexcept;

/// Attaches the detached tree `tree` at `target` inside. mounts.cpp
int attach(const SetupState& state, int tree, const char* target) noexcept;

/// Tells init by which number the host's /proc knows the setup child, which is in a user namespace without maps, and
/// waits for these; where it has joined one there is nothing to wait for. Returns an errno. namespaces.cpp
int announce_guest(const SetupState& state) noexcept;

/// Waits for init's next word that the setup child may go on. namespaces.cpp
void await_init(const SetupState& state) noexcept;

/// A file with this content, or an empty one where that is nullptr. mounts.cpp
int make_file(int directory, const char* path, mode_t mode, const plan::Content* content) noexcept;

/// The loopback interface of the current network namespace up. namespaces.cpp
int raise_loopback() noexcept;

/// Exactly these are permitted and effective, none inheritable. Returns an errno. capabilities.cpp
int set_capabilities(std::uint64_t set) noexcept;

/// Init's own filter: what waiting, forwarding and reporting need; everything else ends it. seccomp.cpp
int confine_init() noexcept;

}  // namespace sandbox::run
