#include "changes/upper.hpp"

#include "spec/file_capabilities.hpp"

#include <array>
#include <cerrno>

#include <sys/xattr.h>

namespace sandbox::changes {
namespace {

constexpr std::string_view prefix = "user.overlay.";
constexpr std::size_t most_attributes = 65536;  // XATTR_LIST_MAX, XATTR_SIZE_MAX

bool is_unsupported(int error) {
    return error == ENOTSUP || error == ENOSYS;
}

std::string attribute(const std::string& path, const std::string& name) {
    std::string value(256, '\0');
    ssize_t length = ::lgetxattr(path.c_str(), name.c_str(), value.data(), value.size());
    if (length < 0 && errno == ERANGE) {
        value.resize(most_attributes);
        length = ::lgetxattr(path.c_str(), name.c_str(), value.data(), value.size());
    }
    if (length < 0) {
        throw Problem("its attribute " + name + " cannot be read", errno);
    }
    value.resize(static_cast<std::size_t>(length));
    return value;
}

std::vector<std::string> names_by(ssize_t (*call)(const char*, char*, std::size_t) noexcept, const std::string& path) {
    std::string list(1024, '\0');
    ssize_t length = call(path.c_str(), list.data(), list.size());
    if (length < 0 && errno == ERANGE) {
        list.resize(most_attributes);
        length = call(path.c_str(), list.data(), list.size());
    }
    if (length < 0 && !is_unsupported(errno)) {
        throw Problem("its attributes cannot be read", errno);
    }
    std::vector<std::string> names;
    for (std::size_t at = 0; length > 0 && at < static_cast<std::size_t>(length);) {
        names.emplace_back(list.c_str() + at);
        at += names.back().size() + 1;
    }
    return names;
}

[[noreturn]] void refuse(const std::string& why) {
    throw Problem(why, 0, ChangeNote::Kind::refused);
}

void take_opaque(const std::string& value, Marks& marks) {
    if (value == "y") {
        marks.opaque = true;
    } else if (value == "x") {
        marks.whiteouts = true;
    } else {
        refuse("it has a mark of overlayfs that is none, user.overlay.opaque");
    }
}

// Links cannot have attributes of that kind, nor can devices and pipes.
Marks read(const std::string& path, const Entry& entry, bool in_whiteouts) {
    Marks marks;
    bool whiteout = false;
    for (const std::string& name : attribute_names(path)) {
        if (!name.starts_with(prefix)) {
            marks.attributes = marks.attributes || is_kept_attribute(name);
            continue;
        }
        const std::string_view mark = std::string_view(name).substr(prefix.size());
        if (mark == "redirect" || mark == "metacopy") {
            refuse("it has a mark of overlayfs that no run leaves, " + name + ", and is not followed");
        } else if (mark == "opaque" && entry.is(S_IFDIR)) {
            take_opaque(attribute(path, name), marks);
        } else if (mark == "origin") {
            marks.copied = true;
        } else if (mark == "whiteout") {
            whiteout = true;
        }
    }
    marks.whiteout = whiteout && in_whiteouts && entry.is(S_IFREG) && entry.size == 0;
    if (whiteout && !marks.whiteout) {
        refuse("it has a mark of overlayfs in the wrong place, user.overlay.whiteout");
    }
    return marks;
}

}  // namespace

std::vector<std::string> attribute_names(const std::string& path) {
    return names_by(::llistxattr, path);
}

std::vector<std::string> attribute_names_through(const std::string& path) {
    return names_by(::listxattr, path);
}

bool is_kept_attribute(const std::string& name) {
    return (name.starts_with("user.") && !name.starts_with(prefix)) ||
           (name.starts_with("trusted.") && !name.starts_with("trusted.overlay.")) ||
           name.starts_with("system.posix_acl_") || name == capability_attribute;
}

std::map<std::string, std::string> kept_attributes(const std::string& path) {
    std::map<std::string, std::string> attributes;
    for (const std::string& name : attribute_names(path)) {
        if (is_kept_attribute(name)) {
            attributes[name] = attribute(path, name);
        }
    }
    return attributes;
}

// One of a user namespace whose root is not known here cannot be read (EOVERFLOW): that it is there must not be missed.
std::string capabilities_of(const std::string& path) {
    std::array<char, 64> value{};
    const ssize_t length = ::lgetxattr(path.c_str(), capability_attribute, value.data(), value.size());
    if (length < 0) {
        return errno == ENODATA || is_unsupported(errno) ? "" : "capabilities that cannot be read";
    }
    return spec::file_capabilities_text({value.data(), static_cast<std::size_t>(length)});
}

Marks read_marks(int directory, const std::string& name, const Entry& entry, bool in_whiteouts) {
    if (entry.is(S_IFCHR) && entry.special == 0) {
        Marks marks;
        marks.whiteout = true;
        return marks;
    }
    return entry.is(S_IFREG) || entry.is(S_IFDIR) ? read(proc_path(directory, name), entry, in_whiteouts) : Marks();
}

Marks read_top_marks(int directory) {
    return read(proc_path(directory) + "/.", look(directory), false);
}

}  // namespace sandbox::changes
