// Where the programs stand while they are measured.
#pragma once

#include <string>

#include <sys/types.h>

namespace bench {

/// A temporary directory with copies of the programs, readable by everybody. Below /var/tmp and not /tmp, which
/// the rivals' usual command lines hide; `sandbox` shows it because it is the current directory of what is measured.
/// Removed with the object.
class Place {
  public:
    /// `programs`: the directory that has the floors and the no-op.
    Place(const std::string& sandbox, const std::string& programs);
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    [[nodiscard]] const std::string& directory() const { return directory_; }
    [[nodiscard]] std::string sandbox() const { return directory_ + "/sandbox"; }
    [[nodiscard]] std::string floor() const { return directory_ + "/floor"; }
    [[nodiscard]] std::string floor_cgroup() const { return directory_ + "/floor_cgroup"; }
    [[nodiscard]] std::string floor_enter() const { return directory_ + "/floor_enter"; }
    [[nodiscard]] std::string floor_paths() const { return directory_ + "/floor_paths"; }
    [[nodiscard]] std::string noop() const { return directory_ + "/noop"; }

    /// Makes `count` empty directories in it and returns the path of the directory that has them, `0`, `1`, ....
    [[nodiscard]] std::string make_directories(const std::string& name, std::size_t count) const;

    /// Makes a directory in it, and what the directory has, the property of a user.
    static void give_to(const std::string& directory, uid_t uid, gid_t gid);

  private:
    std::string directory_;
};

}  // namespace bench
