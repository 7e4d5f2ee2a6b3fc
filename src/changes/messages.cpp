#include "changes/messages.hpp"

#include <cstdint>
#include <cstring>
#include <limits>

namespace sandbox::changes {
namespace {

enum class Tag : std::uint64_t { change, note, progress, error, end };

class Writer {
  public:
    explicit Writer(Tag tag) { number(static_cast<std::uint64_t>(tag)); }
    Writer& number(std::uint64_t value) {
        text_.append(reinterpret_cast<const char*>(&value), sizeof value);
        return *this;
    }
    Writer& text(std::string_view value) {
        number(value.size());
        text_.append(value);
        return *this;
    }
    /// With its length in front.
    [[nodiscard]] std::string take() const {
        const std::uint64_t length = text_.size();
        return std::string(reinterpret_cast<const char*>(&length), sizeof length) + text_;
    }

  private:
    std::string text_;
};

class Reader {
  public:
    explicit Reader(std::string_view text) : text_(text) {}
    std::uint64_t number() {
        std::uint64_t value = 0;
        std::memcpy(&value, text_.data(), sizeof value);
        text_.remove_prefix(sizeof value);
        return value;
    }
    template <class Value>
    Value value() {
        return static_cast<Value>(number());
    }
    std::string text() {
        const std::size_t length = number();
        std::string value(text_.substr(0, length));
        text_.remove_prefix(length);
        return value;
    }

  private:
    std::string_view text_;
};

void write(Writer& writer, const ChangedFile& file) {
    writer.number(static_cast<std::uint64_t>(file.type)).number(file.mode).number(file.uid).number(file.gid);
    writer.number(file.size).text(file.target);
    writer.text(file.capabilities);
}

ChangedFile read_file(Reader& reader) {
    ChangedFile file;
    file.type = reader.value<FileType>();
    file.mode = reader.value<mode_t>();
    file.uid = reader.value<uid_t>();
    file.gid = reader.value<gid_t>();
    file.size = reader.number();
    file.target = reader.text();
    file.capabilities = reader.text();
    return file;
}

Change read_change(Reader& reader) {
    Change change;
    change.kind = reader.value<ChangeKind>();
    change.path = reader.text();
    change.before = read_file(reader);
    change.after = read_file(reader);
    for (bool Change::*const what :
         {&Change::content, &Change::mode, &Change::owner, &Change::time, &Change::attributes}) {
        change.*what = reader.number() != 0;
    }
    change.patch = reader.text();
    return change;
}

ChangeNote read_note(Reader& reader) {
    ChangeNote note;
    note.kind = reader.value<ChangeNote::Kind>();
    note.path = reader.text();
    note.text = reader.text();
    return note;
}

// True for the last one.
bool take(Reader reader, const ChangeListener& listener) {
    switch (reader.value<Tag>()) {
        case Tag::change:
            if (const Change change = read_change(reader); listener.change) {
                listener.change(change);
            }
            return false;
        case Tag::note:
            if (const ChangeNote note = read_note(reader); listener.note) {
                listener.note(note);
            }
            return false;
        case Tag::progress: {
            const std::uint64_t files = reader.number();
            if (const ChangeProgress progress{files, reader.number()}; listener.progress) {
                listener.progress(progress);
            }
            return false;
        }
        case Tag::error: {
            const std::string what = reader.text();
            throw Error(what).with_fix(reader.text());
        }
        case Tag::end:
            break;
    }
    return true;
}

}  // namespace

std::string message_of(const Change& change) {
    Writer writer(Tag::change);
    writer.number(static_cast<std::uint64_t>(change.kind)).text(change.path);
    write(writer, change.before);
    write(writer, change.after);
    for (const bool what : {change.content, change.mode, change.owner, change.time, change.attributes}) {
        writer.number(what ? 1 : 0);
    }
    return writer.text(change.patch).take();
}

std::string message_of(const ChangeNote& note) {
    return Writer(Tag::note).number(static_cast<std::uint64_t>(note.kind)).text(note.path).text(note.text).take();
}

std::string message_of(const ChangeProgress& progress) {
    return Writer(Tag::progress).number(progress.files).number(progress.bytes).take();
}

std::string message_of(const Error& error) {
    return Writer(Tag::error).text(error.what()).text(error.fix()).take();
}

std::string end_message() {
    return Writer(Tag::end).take();
}

bool take_messages(std::string& text, const ChangeListener& listener) {
    std::size_t at = 0;
    bool ended = false;
    while (!ended && text.size() - at >= sizeof(std::uint64_t)) {
        const std::uint64_t length = Reader(std::string_view(text).substr(at)).number();
        if (text.size() - at - sizeof length < length) {
            break;
        }
        ended = take(Reader(std::string_view(text).substr(at + sizeof length, length)), listener);
        at += sizeof length + length;
    }
    text.erase(0, at);
    return ended;
}

}  // namespace sandbox::changes
