// The version, which a test compares with the project's in meson.build.
#include <sandbox/process.hpp>

namespace sandbox {

const char* version() noexcept {
    return "0.1.0";
}

}  // namespace sandbox
