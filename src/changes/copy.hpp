// The content of a file, as fast as the file systems have it: shared, copied by the kernel, or read and written. Holes
// stay holes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace sandbox::changes {

class Copier {
  public:
    /// `copied` is called from time to time with a number of bytes.
    explicit Copier(std::function<void(std::uint64_t)> copied);
    /// To an empty file. Throws Problem.
    void copy(int from, int to, std::uint64_t size);

  private:
    bool share(int from, int to, std::uint64_t size);
    void copy_data(int from, int to, std::uint64_t at, std::uint64_t end);
    bool copy_in_kernel(int from, int to, std::uint64_t& at, std::uint64_t end);
    std::size_t copy_some(int from, int to, std::uint64_t at, std::uint64_t end);

    std::function<void(std::uint64_t)> copied_;
    std::unique_ptr<char[]> buffer_;
    bool may_share_ = true;      ///< until a file system says no
    bool may_in_kernel_ = true;  ///< likewise
};

}  // namespace sandbox::changes
