#include "unit/golden.hpp"

#include "unit/source_file.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace sandbox::test {
namespace {

bool asked_to_update() {
    const char* const value = std::getenv("SANDBOX_UPDATE_GOLDEN");
    return value != nullptr && std::string_view(value) == "1";
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
        const std::size_t digits = line.find_first_not_of(' ');
        const std::size_t after = line.find_first_not_of("0123456789", digits);
        const bool is_step = digits < 4 && after == 4 && line.compare(4, 2, "  ") == 0;
        lines.push_back(is_step ? line.substr(6) : line);
    }
    return lines;
}

/// [i][j]: how many lines the rests of both texts from there on have in common, in order.
std::vector<std::vector<std::size_t>> common_lines(const std::vector<std::string>& before,
                                                   const std::vector<std::string>& after) {
    std::vector<std::vector<std::size_t>> common(before.size() + 1, std::vector<std::size_t>(after.size() + 1));
    for (std::size_t i = before.size(); i-- > 0;) {
        for (std::size_t j = after.size(); j-- > 0;) {
            common[i][j] =
                before[i] == after[j] ? common[i + 1][j + 1] + 1 : std::max(common[i + 1][j], common[i][j + 1]);
        }
    }
    return common;
}

}  // namespace

void expect_golden(const std::string& name, const std::string& text) {
    const std::string path = "tests/unit/golden/" + name + ".txt";
    const char* const source = std::getenv("SANDBOX_SOURCE_DIR");
    if (asked_to_update() && source != nullptr) {
        std::ofstream file(std::string(source) + "/" + path, std::ios::binary);
        file << text << std::flush;
        ADD_FAILURE() << path << (file ? " has been written anew" : " could not be written");
        return;
    }
    try {
        EXPECT_EQ(text, read_source_file(path)) << path;
    } catch (const std::runtime_error& error) {
        ADD_FAILURE() << error.what() << ": SANDBOX_UPDATE_GOLDEN=1 writes it";
    }
}

std::string difference(const std::string& before_text, const std::string& after_text) {
    const std::vector<std::string> before = lines_of(before_text);
    const std::vector<std::string> after = lines_of(after_text);
    const std::vector<std::vector<std::size_t>> common = common_lines(before, after);
    std::string result;
    bool in_group = false;
    for (std::size_t i = 0, j = 0; i < before.size() || j < after.size();) {
        if (i < before.size() && j < after.size() && before[i] == after[j]) {
            in_group = false;
            ++i;
            ++j;
            continue;
        }
        if (!in_group && i > 0) {
            result += "  " + before[i - 1] + "\n";
        }
        in_group = true;
        if (j == after.size() || (i < before.size() && common[i + 1][j] >= common[i][j + 1])) {
            result += "- " + before[i++] + "\n";
        } else {
            result += "+ " + after[j++] + "\n";
        }
    }
    return result.empty() ? "(no difference)\n" : result;
}

}  // namespace sandbox::test
