#include "changes/host_changes.hpp"

#include <optional>
#include <string>

#include <sys/stat.h>

namespace sandbox::changes {
namespace {

[[noreturn]] void changed(const std::string& why) {
    throw Problem(why + "; --force overrides", 0, ChangeNote::Kind::conflict);
}

}  // namespace

bool HostChanges::is_changed(const Level& level) const {
    return !level.own && is_changed(level.host_entry) && !journal_.is_unfinished(level.host_entry);
}

// What lies below an empty mount point is another tree.
void HostChanges::check_elsewhere(const Entry& host, const Overlay& overlay) const {
    if (!force_ && host.is_elsewhere(overlay.seen)) {
        changed("it is on another file system than when the first run began");
    }
}

void HostChanges::check_unchanged(const Item& item) const {
    if (force_ || !item.host.exists) {
        return;
    }
    if (!item.host.is(S_IFDIR)) {
        if (is_changed(item.host)) {
            changed("the host has changed it since the first run");
        }
        return;
    }
    const std::optional<std::string> later = find_later(item.level.host.get(), item.name, began_, journal_);
    if (later) {
        changed("the host has changed " + (*later == item.name ? "it" : *later + " in it") + " since the first run");
    }
}

void HostChanges::check_directory_unchanged(const Entry& host) const {
    if (!force_ && is_changed(host) && !journal_.is_unfinished(host)) {
        changed("its permissions differ, and the host has changed it since the first run");
    }
}

// What was copied up was there, under this name or under one that it was moved from: in a directory of the host's in
// which nothing has come or gone since, it was the latter.
void HostChanges::check_not_gone(const Item& item) const {
    if (!force_ && item.marks.copied && is_changed(item.level)) {
        changed("it is gone on the host since the first run");
    }
}

bool HostChanges::is_free_to_change(const Entry& directory) const {
    return !is_changed(directory) || journal_.is_unfinished(directory);
}

}  // namespace sandbox::changes
