#include "changes/patch.hpp"

#include "spec/escape.hpp"
#include "sys/program.hpp"

#include <sandbox/error.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>
#include <vector>

#include <sys/mman.h>

namespace sandbox::changes {
namespace {

constexpr std::uint64_t longest_text = std::uint64_t{4} << 20U;
constexpr std::size_t longest_patch = std::size_t{1} << 20U;  // of what a helper program may write

std::string line(const std::string& what, const std::string& path) {
    return what + " " + spec::escaped(path) + "\n";
}

std::string content(int file, std::uint64_t size) {
    std::string text(size, '\0');
    std::size_t done = 0;
    while (done < text.size()) {
        const ssize_t got = ::pread(file, text.data() + done, text.size() - done, static_cast<off_t>(done));
        if (got < 0 && errno != EINTR) {
            throw Problem("it cannot be read", errno);
        }
        if (got == 0) {
            break;
        }
        done += static_cast<std::size_t>(std::max<ssize_t>(got, 0));
    }
    text.resize(done);
    return text;
}

// Nothing that a terminal would obey, once lines are ended and tabs are there.
bool is_plain_text(std::string text) {
    for (std::size_t at = 0; (at = text.find("\r\n", at)) != std::string::npos;) {
        text.erase(at, 1);
    }
    std::erase_if(text, [](char byte) { return byte == '\n' || byte == '\t'; });
    return spec::escaped(text) == text;
}

// A file for diff(1) to read that is nobody else's: the text that was looked at.
sys::UniqueFd file_of(const std::string& text) {
    sys::UniqueFd file(sys::above_streams(::memfd_create("text", MFD_CLOEXEC)));
    for (std::size_t written = 0; file && written < text.size();) {
        const ssize_t got = ::write(file.get(), text.data() + written, text.size() - written);
        if (got < 0 && errno != EINTR) {
            throw Error("cannot show a patch: there is no room for it: " + std::string(std::strerror(errno)));
        }
        written += static_cast<std::size_t>(std::max<ssize_t>(got, 0));
    }
    if (!file) {
        throw Error("cannot show a patch: there is no room for it: " + std::string(std::strerror(errno)));
    }
    return file;
}

std::string name_of(int file) {
    return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(file);
}

// As patch(1) and git(1) read a name that is none for a line of text: as in C, in quotes.
std::string in_quotes(const std::string& name) {
    std::string text = "\"";
    for (const char character : name) {
        const auto byte = static_cast<unsigned char>(character);
        if (byte < 0x20 || byte >= 0x7f) {
            text += '\\';
            for (const unsigned shift : {6U, 3U, 0U}) {
                text += static_cast<char>('0' + ((byte >> shift) & 7U));
            }
        } else {
            text += character == '"' || character == '\\' ? std::string{'\\', character} : std::string(1, character);
        }
    }
    return text + '"';
}

// Without the first slash, for patch(1). It takes what stands behind a blank for a time, but for one behind a tab, and
// blanks in front of that for none of the name.
std::string label(const char* side, const std::string& path, bool exists) {
    if (!exists) {
        return "--label=/dev/null";
    }
    const std::string name = side + path;
    return "--label=" + (spec::escaped(name) != name || name.ends_with(' ') ? in_quotes(name)
                         : name.find(' ') != std::string::npos              ? name + '\t'
                                                                            : name);
}

std::string text_patch(const std::string& before, const std::string& after, const Change& change) {
    const sys::UniqueFd old_file = file_of(before);
    const sys::UniqueFd new_file = file_of(after);
    std::optional<sys::ProgramResult> result;
    try {
        result = sys::run_program("diff", {"-u", label("a", change.path, change.before.type == FileType::file),
                                           label("b", change.path, change.after.type == FileType::file),
                                           name_of(old_file.get()), name_of(new_file.get())});
    } catch (const std::system_error& error) {
        throw Error(std::string("cannot show a patch: diff could not be started: ") + error.what());
    }
    if (!result) {
        throw Error("cannot show a patch: there is no diff in PATH")
            .with_fix("install diffutils, or leave out --patch");
    }
    if (!result->errors.empty()) {
        throw Error("cannot show a patch: diff says: " + result->errors.substr(0, result->errors.find('\n')));
    }
    return result->output.size() >= longest_patch ? line("Too much differs in", change.path) : result->output;
}

std::string text_at(int directory, const std::string& name, const Entry& entry) {
    return entry.size == 0 ? std::string() : content(open_file(directory, name).get(), entry.size);
}

std::string texts_of(const std::string& before, const std::string& after) {
    return "texts " + std::to_string(before.size()) + " " + before + after;
}

}  // namespace

std::string patch_material(const Item& item, const Change& change) {
    const bool before = change.before.type == FileType::file;
    const bool after = change.after.type == FileType::file;
    const bool content = change.content || before != after;
    if ((!before && !after) || !content) {
        return {};
    }
    if (std::max(change.before.size, change.after.size) > longest_text) {
        return line("Large files differ:", change.path);
    }
    const std::string old_text = before ? text_at(item.level.host.get(), item.name, item.host) : std::string();
    const std::string new_text = after ? text_at(item.level.upper.get(), item.name, item.upper) : std::string();
    if (!is_plain_text(old_text) || !is_plain_text(new_text)) {
        return line("Binary files differ:", change.path);
    }
    return old_text == new_text ? std::string() : texts_of(old_text, new_text);
}

Change with_patch(Change change) {
    constexpr std::string_view tag = "texts ";
    if (change.patch.starts_with(tag)) {
        const std::size_t space = change.patch.find(' ', tag.size());
        const std::size_t length = std::stoull(change.patch.substr(tag.size(), space - tag.size()));
        change.patch =
            text_patch(change.patch.substr(space + 1, length), change.patch.substr(space + 1 + length), change);
    }
    return change;
}

}  // namespace sandbox::changes
