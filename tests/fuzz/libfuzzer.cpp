// The entry of libFuzzer. Which target: SANDBOX_FUZZ_TARGET, as libFuzzer keeps the command line for itself.
#include "fuzz/fuzz.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace {

const sandbox_fuzz::Target& chosen() {
    const char* const name = std::getenv("SANDBOX_FUZZ_TARGET");
    const auto* const found =
        std::ranges::find(sandbox_fuzz::targets, name == nullptr ? "" : name, &sandbox_fuzz::Target::name);
    sandbox_fuzz::must(found != sandbox_fuzz::targets.end(), "SANDBOX_FUZZ_TARGET names a target of fuzz.hpp");
    return *found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const sandbox_fuzz::Target& target = chosen();
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): that is how the bytes come
    target.run({reinterpret_cast<const char*>(data), size});
    return 0;
}
