// What apply tells its caller while it works.
#pragma once

#include <sandbox/changes.hpp>

#include <cstdint>
#include <string>

namespace sandbox::changes {

class Telling {
  public:
    explicit Telling(const ChangeListener& listener) : listener_(listener) {}

    void note(ChangeNote::Kind kind, const std::string& path, const std::string& text) const {
        if (listener_.note) {
            listener_.note({kind, path, text});
        }
    }
    void change(const Change& change) const {
        if (listener_.change) {
            listener_.change(change);
        }
    }
    /// How far it is, from time to time.
    void add_file() {
        if (++progress_.files % 256 == 0) {
            tell_progress();
        }
    }
    void add_bytes(std::uint64_t bytes) {
        constexpr std::uint64_t step = std::uint64_t{16} << 20U;
        progress_.bytes += bytes;
        if (progress_.bytes / step != (progress_.bytes - bytes) / step) {
            tell_progress();
        }
    }

  private:
    void tell_progress() const {
        if (listener_.progress) {
            listener_.progress(progress_);
        }
    }

    const ChangeListener& listener_;
    ChangeProgress progress_;
};

}  // namespace sandbox::changes
