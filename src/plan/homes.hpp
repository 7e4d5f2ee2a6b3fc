// Which directories are homes, where else they are mounted, and what in them is secret. Pure.
#pragma once

#include "host/facts.hpp"

#include <string>
#include <vector>

namespace sandbox::plan {

class Homes {
  public:
    Homes() = default;
    Homes(const host::Facts& facts, const host::Tree& tree);

    /// A directory that is not shown.
    struct Hidden {
        std::string path;  ///< canonical
        FileId id;
        bool holds_homes = false;  ///< each directory in it is somebody's home
        std::string part_of = {};  ///< another mount of a part of a home: where that part is in the home
    };
    /// /home, /root, $HOME, the home that passwd(5) has, $XDG_RUNTIME_DIR, and every other place where one of them, or
    /// a part of one, is mounted.
    [[nodiscard]] const std::vector<Hidden>& hidden() const { return hidden_; }

    /// $HOME, canonical; /root where HOME is unset or names no directory.
    [[nodiscard]] const std::string& own() const { return own_; }
    /// Whether HOME names a directory that can be a home.
    [[nodiscard]] bool is_named() const { return named_; }

    /// Whether this is $XDG_RUNTIME_DIR itself: it holds no files of the user, and can be asked for by its name.
    [[nodiscard]] bool is_runtime_directory(const std::string& canonical) const {
        return !runtime_directory_.empty() && canonical == runtime_directory_;
    }
    /// Whether showing this directory would uncover a whole home.
    [[nodiscard]] bool is_home_or_above(const std::string& canonical, const FileId& id) const;
    /// Whether this directory lies in a credential store or in /run, or has such a store below it.
    [[nodiscard]] bool holds_secrets(const std::string& canonical) const;
    /// Whether a part of a home is mounted here, which may be shown where the home may not.
    [[nodiscard]] bool is_part(const std::string& canonical) const;
    /// Whether this path lies in a home or is one.
    [[nodiscard]] bool contains(const std::string& canonical) const;

  private:
    void refuse_silent(const host::Facts& facts, const char* name) const;
    void hide(const std::string& path, bool holds_homes, const std::string& part_of = {});
    void hide_copies(const std::vector<host::MountEntry>& mounts);

    const host::Tree* tree_ = nullptr;
    std::string own_ = "/root";
    std::string runtime_directory_;  ///< $XDG_RUNTIME_DIR
    bool named_ = false;
    std::vector<Hidden> hidden_;
};

}  // namespace sandbox::plan
