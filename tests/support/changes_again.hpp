// The same changes, applied again and again: to be halted, failed or meddled with each time at another system call.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <ostream>
#include <string>

#include "support/changes.hpp"
#include "support/stepper.hpp"

namespace sandbox_test {

/// What stands in a tree: for each path all but owner, number and inode.
struct TreeLine {
    std::string content;    ///< type, mode, text or target, attributes
    std::string more = {};  ///< its time of change and names: of a directory they change with what is put into it
    friend bool operator==(const TreeLine&, const TreeLine&) = default;
};
using Tree = std::map<std::string, TreeLine>;
std::ostream& operator<<(std::ostream& stream, const TreeLine& line);

Tree tree_at(const std::string& directory);

class ChangesAgainTest : public ChangesTest {
  protected:
    /// From here on, start_again() gives the host's tree and DIR as they are now.
    void keep();
    void start_again();
    [[nodiscard]] std::string kept() const { return directory() / "kept"; }
    /// The process that does the work of a verb, halted when it starts; what is printed goes to a file.
    [[nodiscard]] std::unique_ptr<Stepper> step_through(const std::vector<std::string>& words) const;
    /// Its status, when that process has ended.
    static int status_of(Stepper& stepper);
    [[nodiscard]] std::string printed() const { return read_file(directory() / "printed"); }
    /// A path that a call has as an argument.
    static std::string text_at(pid_t pid, std::uint64_t address);

    /// Each path is as it was or as it shall be; no time of a directory counts, nor what apply may leave for the next.
    static void expect_old_or_new(const Tree& now, const Tree& before, const Tree& after);
    static void expect_same(const Tree& now, const Tree& wanted);
};

}  // namespace sandbox_test
