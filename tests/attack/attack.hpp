// One attack: its attempts, made under every setting of the layers that can be switched off, and what came of them.
//
// An attempt counts only if it can succeed: outside, in namespaces of its own or as a plain process, or inside with the
// layers off. What stops it is measured: seccomp by asking the filter alone (see probe/attempt.h), Landlock by the
// answers with and without it, all else by what is left when both are off. The name of what is left is the probe's to
// say, and the errno has to be one that this layer gives.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "support/sandbox_test.hpp"

namespace sandbox_attack {

/// The layers that an option switches off.
struct Setting {
    const char* name;
    const char* column;  ///< of the table, as mdoc(7) has it
    bool seccomp;
    bool landlock;
    std::vector<std::string> options;
};
/// The default first, everything off last.
const std::vector<Setting>& settings();

/// What a probe says about one attempt.
struct Answer {
    std::string attempt;
    std::string layer;   ///< below which nothing helps once the others are off; may be empty
    std::string answer;  ///< `done`, the name of an errno, ...
    std::string filter;  ///< `passes`, `-`, the name of an errno
    unsigned flags = 0;
    [[nodiscard]] bool succeeded() const { return answer == "done"; }
    [[nodiscard]] bool filtered() const { return filter != "passes" && filter != "-"; }
};
using Answers = std::vector<Answer>;

/// How a probe is run.
struct Probe {
    std::string program;
    std::vector<std::string> arguments = {};  ///< `key=value`
    sandbox_test::RunOptions run = {};        ///< run.sandbox comes before the setting's options
    std::string host = {};                    ///< a script run first, in a mount namespace with nothing private in it
    std::string binary = {};                  ///< another sandbox than the one under test
    std::string ground = "own plain";         ///< where the controls are made; empty: inside, with the layers off
    /// Before each run: makes what is to be attacked.
    std::function<void()> prepare = {};
    /// Looks at the host after each run inside, and changes the answers where the host tells another story.
    std::function<void(Answers&)> judge = {};
    /// Arguments of the runs outside instead of `arguments`.
    std::vector<std::string> outside = {};
};

class Attack {
  public:
    /// `title` is what the manual page says it is.
    Attack(std::string id, std::string title) : id_(std::move(id)), title_(std::move(title)) {}

    /// Makes all attempts of a probe. Fails the test where one succeeds that should not, or cannot be shown to work.
    void make(const Probe& probe);
    /// An attempt that is no probe's: `succeeds` makes it once, under a setting. The caller shows that it can succeed.
    void make(const std::string& attempt, const std::string& layer,
              const std::function<bool(const Setting&)>& succeeds);

  private:
    std::string id_;
    std::string title_;
};

}  // namespace sandbox_attack
