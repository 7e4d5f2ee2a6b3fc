// The report of one run: gathered while it goes, and written once, when nobody is inside any more.
//
// Theory of operation. What the report is for may be an untrusted command's fate, so that command must not be able to
// write it. The directory of the file is opened before the sandbox is made, and the file put there by this descriptor,
// whole and under another name first: whatever stands at its name by then is replaced, not followed. That can be
// nobody's but ours afterwards, as all processes of the sandbox are gone. A command that may write above the directory
// could have moved it, and made another one in its place: where that can be foreseen it is refused
// (plan/report_place.hpp), and after the end the path must still lead to the same directory.
#pragma once

#include "report/report.hpp"
#include "sys/fd.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace sandbox::report {

/// Not thread-safe.
class Reporter {
  public:
    /// The clock starts; nothing where nobody wants a report. Throws Error where it could not be written. A report of
    /// before at its place is removed.
    [[nodiscard]] static std::shared_ptr<Reporter> open(const Spec& spec);
    Reporter(const Reporter&) = delete;
    Reporter& operator=(const Reporter&) = delete;
    ~Reporter() = default;

    /// That part of the making is done.
    void phase(const char* name);
    void ended(const Outcome& outcome, const Usage& usage) noexcept;
    void failed(const Error& error) noexcept;
    /// Why it is not written; once.
    [[nodiscard]] std::optional<Error> take_problem() noexcept { return std::exchange(problem_, std::nullopt); }
    [[nodiscard]] std::chrono::nanoseconds begin() const noexcept { return begin_; }

  private:
    Reporter() = default;
    void open_directory(const std::string& path);
    void write() noexcept;
    void write_file(const std::string& text);
    [[nodiscard]] bool is_moved() const;

    Report report_;
    std::chrono::nanoseconds begin_{};
    std::chrono::nanoseconds last_{};
    std::string path_;  ///< as it was given
    std::string directory_path_;
    std::string name_;
    sys::UniqueFd start_;  ///< where a relative path begins: a launcher in the background goes elsewhere
    sys::UniqueFd directory_;
    std::optional<int> descriptor_;
    bool written_ = false;
    std::optional<Error> problem_;
};

}  // namespace sandbox::report
