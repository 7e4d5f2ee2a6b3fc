// Where the sources of the user's mounts lead: the one rule for symbolic links (host::LinkRule), and what is said of a
// source that leads nowhere. Pure.
#pragma once

#include "host/facts.hpp"

#include <sandbox/spec.hpp>

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace sandbox::plan {

class Sources {
  public:
    Sources(const Spec& spec, const host::Facts& facts, const host::Tree& tree);

    struct Found {
        FileId id;
        std::string canonical;
        std::string own_path;  ///< as it was typed, made absolute: where it stands inside without a target
        std::string reach;     ///< how the child reaches it: a relative source from the inherited directory
    };
    /// Nothing where it is missing and may be (`optional`). Throws an Error that begins with what was asked.
    [[nodiscard]] std::optional<Found> find(const std::string& source, const std::string& asked, bool optional) const;
    /// Facts::state as real paths: nothing at or below one is shown.
    [[nodiscard]] const std::vector<std::string>& state() const { return state_; }
    /// Whether nothing is there, and no link on the way leads where none may.
    [[nodiscard]] bool is_missing(const std::string& source) const;
    /// The user id that it belongs to, as the caller has it; nothing where find() finds nothing.
    [[nodiscard]] std::optional<std::uint32_t> owner(const std::string& source) const;

  private:
    /// Once: a plan is made in rounds, and what a source is must not change between them.
    [[nodiscard]] const host::Resolution& resolve(const std::string& source) const;

    const host::Facts& facts_;
    const host::Tree& tree_;
    host::LinkRule rule_;
    mutable std::unordered_map<std::string, host::Resolution> resolved_;
    std::vector<std::string> state_;
};

/// An entry of Spec::mounts as it is written on the command line, for messages: `--ro SRC:DST`.
[[nodiscard]] std::string as_asked(const Mount& mount);

}  // namespace sandbox::plan
