// Sets of capabilities, as plain data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace sandbox {

/// capabilities(7), by the kernel's numbers (linux/capability.h, Linux 5.9).
enum class Capability : std::uint8_t {
    chown,
    dac_override,
    dac_read_search,
    fowner,
    fsetid,
    kill,
    setgid,
    setuid,
    setpcap,
    linux_immutable,
    net_bind_service,
    net_broadcast,
    net_admin,
    net_raw,
    ipc_lock,
    ipc_owner,
    sys_module,
    sys_rawio,
    sys_chroot,
    sys_ptrace,
    sys_pacct,
    sys_admin,
    sys_boot,
    sys_nice,
    sys_resource,
    sys_time,
    sys_tty_config,
    mknod,
    lease,
    audit_write,
    audit_control,
    setfcap,
    mac_override,
    mac_admin,
    syslog,
    wake_alarm,
    block_suspend,
    audit_read,
    perfmon,
    bpf,
    checkpoint_restore,
};
inline constexpr std::size_t capability_count = 41;

/// A set of capabilities.
class CapabilitySet {
  public:
    constexpr CapabilitySet() = default;
    constexpr CapabilitySet(std::initializer_list<Capability> capabilities) {
        for (const Capability capability : capabilities) {
            insert(capability);
        }
    }
    /// Every one, those of newer kernels included.
    [[nodiscard]] static constexpr CapabilitySet all() {
        CapabilitySet set;
        set.bits_ = ~std::uint64_t{0};
        return set;
    }

    [[nodiscard]] constexpr bool contains(Capability capability) const { return (bits_ & bit(capability)) != 0; }
    [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
    constexpr void insert(Capability capability) { bits_ |= bit(capability); }
    constexpr void insert(CapabilitySet others) { bits_ |= others.bits_; }
    constexpr void erase(CapabilitySet others) { bits_ &= ~others.bits_; }
    /// As capset(2) has them: capability N is bit N.
    [[nodiscard]] constexpr std::uint64_t bits() const { return bits_; }
    friend constexpr CapabilitySet operator&(CapabilitySet one, CapabilitySet other) {
        one.bits_ &= other.bits_;
        return one;
    }
    friend constexpr bool operator==(CapabilitySet, CapabilitySet) = default;

  private:
    static constexpr std::uint64_t bit(Capability capability) {
        return std::uint64_t{1} << static_cast<unsigned>(capability);
    }
    std::uint64_t bits_ = 0;
};

}  // namespace sandbox
