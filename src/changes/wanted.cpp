#include "changes/wanted.hpp"

namespace sandbox::changes {
namespace {

constexpr mode_t id_bits = S_ISUID | S_ISGID;

void drop(std::string& dropped, const std::string& what) {
    dropped += (dropped.empty() ? "" : " and ") + what;
}

std::string name_of_bits(mode_t bits) {
    return bits == id_bits ? "set-user-id and set-group-id" : bits == S_ISUID ? "set-user-id" : "set-group-id";
}

// What the host has itself, on the same content of the same owner, says nothing new.
bool is_the_hosts_own(const Difference* difference) {
    return difference != nullptr && !difference->content && !difference->owner && !difference->type;
}

// A directory below one with a set-group-id bit inherits that, inside as on the host; there it gives nobody any power.
mode_t allowed_bits(const Item& item, const Difference* difference) {
    mode_t bits = is_the_hosts_own(difference) ? item.host.mode & id_bits : 0;
    if (item.upper.is(S_IFDIR)) {
        bits |= item.level.host_entry.mode & S_ISGID;
    }
    return bits;
}

}  // namespace

Wish wish_for(const Item& item, const ApplyOptions& options, Difference* difference) {
    Wish wish;
    wish.look.mode = item.upper.permissions();
    wish.look.uid = item.upper.uid;
    wish.look.gid = item.upper.gid;
    wish.look.accessed = item.upper.accessed;
    wish.look.modified = item.upper.modified;
    if (!item.upper.is(S_IFREG) && !item.upper.is(S_IFDIR)) {
        wish.look.mode &= ~id_bits;
        return wish;
    }
    const mode_t bits = wish.look.mode & id_bits & ~allowed_bits(item, difference);
    if (bits != 0 && !options.keep_set_id) {
        wish.look.mode &= ~bits;
        drop(wish.dropped, name_of_bits(bits) + " (--keep-setuid)");
    }
    if (item.marks.attributes) {
        wish.look.attributes = kept_attributes(proc_path(item.level.upper.get(), item.name));
    }
    std::map<std::string, std::string> there;
    if (difference != nullptr) {
        there = host_attributes(item);
    }
    const auto capability = wish.look.attributes.find(capability_attribute);
    if (capability != wish.look.attributes.end() && !options.keep_capabilities) {
        const auto own = there.find(capability_attribute);
        if (!is_the_hosts_own(difference) || own == there.end() || own->second != capability->second) {
            wish.look.attributes.erase(capability);
            drop(wish.dropped, "capabilities (--keep-capabilities)");
        }
    }
    if (difference != nullptr) {
        difference->mode = wish.look.mode != item.host.permissions();
        difference->attributes = there != wish.look.attributes;
    }
    return wish;
}

}  // namespace sandbox::changes
