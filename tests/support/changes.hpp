// Directories of changes for tests: made as a run makes them, filled by overlayfs or by hand.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "support/sandbox_test.hpp"

namespace sandbox_test {

class ChangesTest : public SandboxTest {
  protected:
    void SetUp() override;
    void TearDown() override;

    /// The tree that is changed.
    [[nodiscard]] std::string host(const std::string& name = "") const;
    [[nodiscard]] std::string dir() const { return directory() / "changes"; }
    /// Where overlayfs writes: a name in the upper directory.
    [[nodiscard]] std::string upper(const std::string& name = "") const;

    /// Makes DIR, when the host's tree is as it shall be when the first run begins.
    void begin();
    /// Of a DIR that is there: its first run begins now.
    void begin_again() const;
    /// Runs a shell script in the tree, with an overlay mounted on it; in a user namespace of its own.
    void change(const std::string& script);
    /// The same, and what the tree looks like then, from inside: listing().
    std::string change_and_list(const std::string& script);
    /// What the tree on the host looks like: a line for each file, with all but its owner and its number.
    [[nodiscard]] std::string listing() const;
    /// The command that lists the current directory so.
    static const char* const list;
    /// The path in each line, and the rest.
    static std::map<std::string, std::string> by_path(const std::string& listing);
    /// Changes a file of the host's, when it is late enough for that to be seen.
    void change_on_host(const std::string& script);
    /// Makes DIR one of the user that root of `unshare -Ur` is, where that is not root.
    void give_to_root_inside() const;
    /// A shell script in the upper directory: by hand.
    void craft(const std::string& script);

    /// An extended attribute of a name in the upper directory.
    void mark(const std::string& name, const std::string& attribute, const std::string& value) const;

    [[nodiscard]] Result verb(const std::vector<std::string>& words, const RunOptions& options = {}) const;
    /// The lines of `sandbox diff`, without the path of the tree.
    [[nodiscard]] std::string diff(const std::vector<std::string>& options = {}) const;

  private:
    Result shell(const std::string& script, const std::string& where) const;
    std::string change_and_run(const std::string& script, const std::string& more);
};

}  // namespace sandbox_test
