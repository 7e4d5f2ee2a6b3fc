// Parsing for tests: words in, Options or the Error out.
#pragma once

#include "cli/parse.hpp"

#include <stdexcept>
#include <string>
#include <vector>

namespace sandbox::cli {

[[nodiscard]] inline Options parse_words(const std::vector<std::string>& words) {
    std::vector<const char*> argv{"sandbox"};
    for (const std::string& word : words) {
        argv.push_back(word.c_str());
    }
    return parse(argv);
}

/// The Error that these words must lead to.
[[nodiscard]] inline Error refusal(const std::vector<std::string>& words) {
    std::string line;
    for (const std::string& word : words) {
        line += " " + word;
    }
    try {
        (void)parse_words(words);
    } catch (const Error& error) {
        return error;
    }
    throw std::logic_error("was accepted:" + line);
}

}  // namespace sandbox::cli
