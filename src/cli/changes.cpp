#include "cli/changes.hpp"

#include "cli/changes_text.hpp"
#include "cli/quote.hpp"
#include "cli/run.hpp"

#include <sandbox/sandbox.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

namespace sandbox::cli {
namespace {

constexpr int no = 1;
constexpr int failed = 125;

/// What goes to standard output, in lumps.
class Output {
  public:
    void add(std::string_view text) {
        text_ += text;
        if (text_.size() >= 65536) {
            flush();
        }
    }
    void flush() {
        if (!text_.empty()) {
            print(text_);
        }
        text_.clear();
    }

  private:
    std::string text_;
};

/// How far a long one is, on a terminal; gone from there at the end.
class ProgressLine {
  public:
    ProgressLine() : shown_(::isatty(STDERR_FILENO) == 1) {}
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;
    ~ProgressLine() { clear(); }

    void show(const ChangeProgress& progress) {
        using namespace std::chrono_literals;
        const Clock::time_point now = Clock::now();
        if (!shown_ || now - last_ < (stands_ ? 200ms : 1000ms)) {
            return;
        }
        last_ = now;
        stands_ = true;
        const std::string size = progress.bytes == 0 ? "" : ", " + std::to_string(progress.bytes >> 20U) + " MiB";
        std::fprintf(stderr, "\rsandbox: %llu files%s\x1b[K", static_cast<unsigned long long>(progress.files),
                     size.c_str());
        std::fflush(stderr);
    }
    /// Before anything else is written there.
    void clear() {
        if (stands_) {
            std::fputs("\r\x1b[K", stderr);
        }
        stands_ = false;
    }

  private:
    using Clock = std::chrono::steady_clock;
    bool shown_;
    bool stands_ = false;
    Clock::time_point last_ = Clock::now();
};

bool with_colours() {
    const char* const none = std::getenv("NO_COLOR");
    const char* const terminal = std::getenv("TERM");
    const bool dumb = terminal == nullptr || std::strcmp(terminal, "dumb") == 0;
    return ::isatty(STDOUT_FILENO) == 1 && !dumb && (none == nullptr || *none == '\0');
}

std::vector<std::string> paths_of(const VerbCall& call) {
    return {call.words.begin() + 1, call.words.end()};
}

/// How the notes of a verb are told, and what they make of its status.
class Notes {
  public:
    explicit Notes(ProgressLine& progress) : progress_(progress) {}
    void tell(const ChangeNote& note) {
        progress_.clear();
        std::fputs(note_line(note).c_str(), stderr);
        failed_ = failed_ || note.kind == ChangeNote::Kind::failed;
        left_ = left_ || note.kind == ChangeNote::Kind::conflict || note.kind == ChangeNote::Kind::refused;
        any_ = true;
    }
    [[nodiscard]] bool has_any() const { return any_; }
    [[nodiscard]] bool has_failed() const { return failed_; }
    [[nodiscard]] bool has_left() const { return left_; }

  private:
    ProgressLine& progress_;
    bool failed_ = false;
    bool left_ = false;
    bool any_ = false;
};

enum class Form : std::uint8_t { list, patch, stat, json };

Form form_of(const VerbCall& call) {
    if (call.has(VerbOptionId::diff_stat) &&
        (call.has(VerbOptionId::diff_patch) || call.has(VerbOptionId::diff_json))) {
        throw Error("diff: --stat shows no single change").with_fix("leave out --stat, or the other one");
    }
    return call.has(VerbOptionId::diff_stat)    ? Form::stat
           : call.has(VerbOptionId::diff_json)  ? Form::json
           : call.has(VerbOptionId::diff_patch) ? Form::patch
                                                : Form::list;
}

std::string shown(const Change& change, Form form, bool colours, bool first) {
    switch (form) {
        case Form::list:
            return change_line(change, colours);
        case Form::patch:
            return change.patch.empty() ? change_line(change, colours) : patch_text(change.patch, colours);
        case Form::json:
            return (first ? "[\n" : ",\n") + change_json(change);
        case Form::stat:
            break;
    }
    return {};
}

}  // namespace

int show_changes(const VerbCall& call) {
    const Form form = form_of(call);
    const bool colours = with_colours();
    DiffOptions options;
    options.paths = paths_of(call);
    options.patch = call.has(VerbOptionId::diff_patch);
    Output output;
    ProgressLine progress;
    Notes notes(progress);
    std::uint64_t before = 0;
    std::uint64_t after = 0;
    bool first = true;
    ChangeListener listener;
    listener.change = [&](const Change& change) {
        progress.clear();
        before += change.before.size;
        after += change.after.size;
        output.add(shown(change, form, colours, first));
        first = false;
    };
    listener.note = [&](const ChangeNote& note) { notes.tell(note); };
    listener.progress = [&](const ChangeProgress& now) { progress.show(now); };
    const ChangeCounts counts = diff(call.words.front(), options, listener);
    progress.clear();
    if (form == Form::json) {
        output.add(first ? "[]\n" : "\n]\n");
    } else if (form == Form::stat) {
        output.add(stat_text(counts, before, after));
    }
    output.flush();
    return notes.has_failed() || notes.has_left() ? failed : counts.all() == 0 ? 0 : no;
}

int apply_changes(const VerbCall& call) {
    ApplyOptions options;
    options.dry_run = call.has(VerbOptionId::apply_dry_run);
    const bool printed = options.dry_run || call.has(VerbOptionId::apply_verbose);
    options.paths = paths_of(call);
    options.force = call.has(VerbOptionId::apply_force);
    options.keep_set_id = call.has(VerbOptionId::apply_keep_setuid);
    options.keep_capabilities = call.has(VerbOptionId::apply_keep_capabilities);
    Output output;
    ProgressLine progress;
    Notes notes(progress);
    ChangeListener listener;
    listener.change = [&](const Change& change) {
        if (printed) {
            progress.clear();
            output.add(change_line(change, false));
        }
    };
    listener.note = [&](const ChangeNote& note) { notes.tell(note); };
    listener.progress = [&](const ChangeProgress& now) { progress.show(now); };
    const ChangeCounts counts = apply(call.words.front(), options, listener);
    progress.clear();
    output.flush();
    if (counts.all() == 0 && !notes.has_failed() && !notes.has_left()) {
        std::fputs(
            notes.has_any() ? "sandbox: nothing else to do\n" : "sandbox: nothing to do: the host has all of it\n",
            stderr);
    } else if (counts.all() > 0 && ::isatty(STDERR_FILENO) == 1) {
        std::fputs(
            ((options.dry_run ? "sandbox: would apply: " : "sandbox: applied: ") + counts_text(counts) + "\n").c_str(),
            stderr);
    }
    return notes.has_failed() ? failed : notes.has_left() ? no : 0;
}

int discard_changes(const VerbCall& call) {
    ProgressLine progress;
    ChangeListener listener;
    listener.progress = [&](const ChangeProgress& now) { progress.show(now); };
    discard(call.words.front(), listener);
    return 0;
}

std::string kept_changes(const std::string& directory) {
    const ChangeCounts counts = diff(directory, {}, {});
    // One that looks like an option is none as a path.
    const std::string name = to_paste(directory.starts_with('-') ? "./" + directory : directory);
    return "sandbox: " + counts_text(counts) +
           (counts.all() == 0 ? " changed\n" : "; see: sandbox diff " + name + "; keep: sandbox apply " + name + "\n");
}

}  // namespace sandbox::cli
