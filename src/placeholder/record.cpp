#include "placeholder/record.hpp"

#include <charconv>
#include <optional>

namespace sandbox::placeholder {
namespace {

constexpr std::string_view digits = "0123456789abcdef";

// Blanks, control characters and the escape itself, so that a line is a line and a field is a field.
std::string escape(std::string_view text) {
    std::string result;
    for (const char letter : text) {
        const auto byte = static_cast<unsigned char>(letter);
        if (byte > ' ' && byte != 0x7f && byte != '%') {
            result += letter;
        } else {
            result += {'%', digits[byte >> 4U], digits[byte & 15U]};
        }
    }
    return result;
}

// A NUL would end the name for the kernel: behind it, what is read here as plain (`..` and more) could be anything.
std::optional<std::string> unescape(std::string_view text) {
    std::string result;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '\0') {
            return std::nullopt;
        }
        if (text[at] != '%') {
            result += text[at];
            continue;
        }
        unsigned byte = 0;
        const std::string_view code = text.substr(at + 1, 2);
        const auto [end, error] = std::from_chars(code.data(), code.data() + code.size(), byte, 16);
        if (code.size() != 2 || error != std::errc() || end != code.data() + 2 || byte == 0) {
            return std::nullopt;
        }
        result += static_cast<char>(byte);
        at += 2;
    }
    return result;
}

std::vector<std::string_view> fields_of(std::string_view line) {
    std::vector<std::string_view> fields;
    for (;;) {
        const std::size_t blank = line.find(' ');
        fields.push_back(line.substr(0, blank));
        if (blank == std::string_view::npos) {
            return fields;
        }
        line.remove_prefix(blank + 1);
    }
}

template <class Number>
bool read(std::string_view text, Number& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

template <class... Numbers>
bool read_all(const std::vector<std::string_view>& fields, Numbers&... values) {
    std::size_t at = 1;
    return fields.size() == sizeof...(values) + 1 && (read(fields[at++], values) && ...);
}

class Reader {
  public:
    Record take() && { return std::move(record_); }

    void read_line(std::string_view line) {
        const std::vector<std::string_view> fields = fields_of(line);
        if (fields[0] == "below") {
            read_group(fields);
        } else if (fields[0] == "file" || fields[0] == "directory") {
            read_entry(fields);
        } else if (fields[0] == "made") {
            read_identity(fields);
        } else if (fields[0] == "init") {
            Record with_init;
            if (read_all(fields, with_init.init, with_init.init_start)) {
                record_.init = with_init.init;
                record_.init_start = with_init.init_start;
            }
        }
    }

  private:
    void read_group(const std::vector<std::string_view>& fields) {
        Group group;
        const std::optional<std::string> path = unescape(fields.back());
        usable_ = fields.size() == 4 && read(fields[1], group.device) && read(fields[2], group.inode) && path &&
                  path->starts_with('/');
        if (usable_) {
            group.path = *path;
            record_.groups.push_back(std::move(group));
        }
    }

    void read_entry(const std::vector<std::string_view>& fields) {
        const std::optional<std::string> name = unescape(fields.back());
        if (!usable_ || fields.size() != 2 || !name || !is_plain(*name)) {
            return;
        }
        record_.groups.back().entries.push_back({*name, fields[0] == "directory", false, {}});
    }

    void read_identity(const std::vector<std::string_view>& fields) {
        std::size_t group = 0;
        std::size_t entry = 0;
        Identity found;
        if (read_all(fields, group, entry, found.device, found.inode, found.changed.seconds, found.changed.nanoseconds,
                     found.born.seconds, found.born.nanoseconds) &&
            group < record_.groups.size() && entry < record_.groups[group].entries.size()) {
            record_.groups[group].entries[entry].made = true;
            record_.groups[group].entries[entry].identity = found;
        }
    }

    Record record_;
    bool usable_ = false;  // the last group is
};

}  // namespace

bool is_plain(std::string_view name) {
    while (true) {
        const std::size_t slash = name.find('/');
        const std::string_view part = name.substr(0, slash);
        if (part.empty() || part == "." || part == ".." || part.size() > 255) {
            return false;
        }
        if (slash == std::string_view::npos) {
            return true;
        }
        name.remove_prefix(slash + 1);
    }
}

std::string intent_text(const Record& record) {
    std::string text;
    for (const Group& group : record.groups) {
        text += "below " + std::to_string(group.device) + ' ' + std::to_string(group.inode) + ' ' + escape(group.path) +
                '\n';
        for (const Entry& entry : group.entries) {
            text += (entry.directory ? "directory " : "file ") + escape(entry.name) + '\n';
        }
    }
    return text;
}

std::string identity_text(const Record& record) {
    std::string text;
    for (std::size_t group = 0; group < record.groups.size(); ++group) {
        const std::vector<Entry>& entries = record.groups[group].entries;
        for (std::size_t entry = 0; entry < entries.size(); ++entry) {
            const Identity& made = entries[entry].identity;
            if (!entries[entry].made) {
                continue;
            }
            text += "made " + std::to_string(group) + ' ' + std::to_string(entry) + ' ' + std::to_string(made.device) +
                    ' ' + std::to_string(made.inode) + ' ' + std::to_string(made.changed.seconds) + ' ' +
                    std::to_string(made.changed.nanoseconds) + ' ' + std::to_string(made.born.seconds) + ' ' +
                    std::to_string(made.born.nanoseconds) + '\n';
        }
    }
    return text;
}

std::string init_text(const Record& record) {
    return "init " + std::to_string(record.init) + ' ' + std::to_string(record.init_start) + '\n';
}

Record parse_record(std::string_view text) {
    Reader reader;
    for (std::size_t end = 0; (end = text.find('\n')) != std::string_view::npos; text.remove_prefix(end + 1)) {
        reader.read_line(text.substr(0, end));
    }
    return std::move(reader).take();
}

}  // namespace sandbox::placeholder
