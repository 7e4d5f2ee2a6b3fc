// Where the command is looked for, and what must not be waited for on the way.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace sandbox::plan {

/// The paths at which a command may be, in the order in which they are tried: its own, or those that `search_path`
/// (PATH) leads to.
[[nodiscard]] std::vector<std::string> command_candidates(const std::string& command, const std::string& search_path);

/// What is known of the inside: the mount that does not answer and that whoever opens a path would wait for; whether
/// something that is no directory stands there.
struct Inside {
    std::function<std::optional<std::string>(const std::string&)> silent;
    std::function<bool(const std::string&)> is_file;
};

/// Throws Error where the search would wait for a file system that does not answer before it finds something: exec(2)
/// waits for ever. `cwd`: what relative candidates begin with.
void refuse_silent_search(const std::string& command, const std::vector<std::string>& candidates,
                          const std::string& cwd, const Inside& inside);

/// Throws Error where whoever enters the directory in which the command starts would wait for ever. `asked`: the
/// option.
void refuse_silent_cwd(const std::string& cwd, const std::string& asked, const Inside& inside);

}  // namespace sandbox::plan
