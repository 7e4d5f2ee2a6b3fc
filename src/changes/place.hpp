// Puts something under a name on the host, all at once: it is made under a temporary name, gets all that it shall have,
// and then its own name.
#pragma once

#include "changes/copy.hpp"
#include "changes/entry.hpp"
#include "changes/journal.hpp"
#include "changes/walk.hpp"

#include <functional>
#include <map>
#include <string>

namespace sandbox::changes {

/// What the host is to have.
struct Look {
    mode_t mode = 0;  ///< permissions
    uid_t uid = 0;
    gid_t gid = 0;
    Timestamp accessed;
    Timestamp modified;
    std::map<std::string, std::string> attributes;
};

class Placer {
  public:
    /// `limited` is called with what cannot be set, once for each such thing.
    Placer(Journal& journal, std::function<void(const std::string& path, const std::string& why)> limited,
           std::function<void(std::uint64_t)> copied);

    /// Each throws Problem, and leaves what was there then.
    void make_file(const Item& item, const Look& look);
    void make_directory(const Item& item, const Look& look);
    void make_link(const Item& item, const Look& look);
    void make_special(const Item& item, const Look& look);
    /// Another name of a file that was put on the host before. False where that cannot be.
    bool make_name(const Item& item, const std::string& first, const Entry& file);
    void remove(const Item& item);

    /// Changes what is there. Whether anything was changed: not what the caller may not.
    bool change_owner(const std::string& path, int file, const Look& look);
    void change_mode(int file, mode_t mode);
    void change_attributes(const std::string& path, int file, const Look& look, bool has_some = true);
    void change_times(int file, const Look& look);

    /// Whether what was made last is not all that it was to be.
    [[nodiscard]] bool was_limited() const { return was_limited_; }
    /// Removes what an apply that was killed has left in that directory.
    void clear(int directory);

  private:
    class Temporary;
    void dress(const Item& item, int file, const Look& look, mode_t made_with = 0);
    void note_limited(int file);
    [[nodiscard]] mode_t mode_to_make(const Item& item, const Look& look) const;
    void put(const Item& item, Temporary& temporary);
    void swap(const Item& item);
    void limit(const std::string& path, const std::string& why);

    Journal& journal_;
    std::function<void(const std::string&, const std::string&)> limited_;
    Copier copier_;
    std::map<std::string, bool> said_;
    uid_t uid_;
    gid_t gid_;
    mode_t umask_;
    bool was_limited_ = false;
};

}  // namespace sandbox::changes
