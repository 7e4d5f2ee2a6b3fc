// subuid(5), and what getsubids(1) says. The first line is the name that is looked for.
#include "fuzz/fuzz.hpp"

#include "host/subids.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>

namespace sandbox_fuzz {

void subids(std::string_view text) {
    using namespace sandbox::host;
    const std::size_t line = std::min(text.find('\n'), text.size());
    const std::string_view name = text.substr(0, line);
    const std::string_view file = text.substr(std::min(line + 1, text.size()));
    const std::vector<IdBlock> found = parse_subids(file, name, 1000);
    std::string own;
    for (const std::vector<IdBlock>& blocks : {found, parse_getsubids(file)}) {
        for (const IdBlock& block : blocks) {
            must(block.count > 0, "no block is empty");
            must(std::uint64_t{block.start} + block.count <= std::numeric_limits<std::uint32_t>::max(),
                 "no block holds the id that means none");
        }
    }
    for (const IdBlock& block : found) {
        own += "1000:" + std::to_string(block.start) + ":" + std::to_string(block.count) + "\n";
    }
    must(parse_subids(own, name, 1000) == found, "what was read is read again");
}

}  // namespace sandbox_fuzz
