// Files of the source tree, for tests that hold the code against a document or a golden text.
#pragma once

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace sandbox::test {

/// Throws where the file or SANDBOX_SOURCE_DIR, which the build sets, is missing: the test must fail then, not pass.
[[nodiscard]] inline std::string read_source_file(const std::string& name) {
    const char* const directory = std::getenv("SANDBOX_SOURCE_DIR");
    if (directory == nullptr) {
        throw std::runtime_error("SANDBOX_SOURCE_DIR is not set");
    }
    std::ifstream file(std::string(directory) + "/" + name, std::ios::binary);
    if (!file) {
        throw std::runtime_error("cannot read " + name);
    }
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace sandbox::test
