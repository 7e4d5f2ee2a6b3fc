// The command line, as words_of() reads it.
#include "fuzz/fuzz.hpp"

#include "cli/option_table.hpp"
#include "cli/parse.hpp"
#include "spec/validate.hpp"

#include <sandbox/error.hpp>

#include <algorithm>
#include <span>
#include <string>
#include <vector>

namespace sandbox_fuzz {
namespace {

using namespace sandbox;

/// The grammar of what stands before `--`, once more: what the parser accepts is in it, and what it refuses in it, it
/// refuses for a value.
bool well_formed(std::span<const std::string> words) {
    std::vector<std::string_view> seen;
    for (std::size_t at = 0; at < words.size(); ++at) {
        const std::string_view word = words[at];
        const std::size_t equals = word.find('=');
        const std::string_view name = word.substr(std::min<std::size_t>(2, word.size())).substr(0, equals - 2);
        const cli::Option* const option = word.starts_with("--") ? cli::find_option(name) : nullptr;
        if (option == nullptr || option->takes_value() == false) {
            if (option == nullptr || equals != std::string_view::npos) {
                return false;
            }
        } else if (equals != std::string_view::npos) {
            if (equals + 1 == word.size()) {
                return false;
            }
        } else if (++at == words.size() || words[at].empty() || words[at].starts_with("--")) {
            return false;
        }
        if (option->repeat == cli::Repeat::once && std::ranges::find(seen, name) != seen.end()) {
            return false;
        }
        seen.push_back(name);
    }
    return true;
}

void check_message(const Error& error) {
    must(error.exit_status() == 125, "a misuse is 125");
    const std::string text = render(error);
    must(text.starts_with("sandbox: ") && text.ends_with('\n'), "a message begins with the program's name");
    must(std::ranges::none_of(text, [](char c) { return c == '\x1b' || c == '\r' || c == '\b'; }),
         "a message does not drive the terminal");
}

}  // namespace

void command_line(std::string_view text) {
    const std::vector<std::string> words = words_of(text);
    std::vector<const char*> argv{"sandbox"};
    std::ranges::transform(words, std::back_inserter(argv), [](const std::string& word) { return word.c_str(); });
    const auto separator = std::ranges::find(words, "--");
    const bool good = well_formed({words.begin(), separator});
    try {
        const cli::Options options = cli::parse(argv);
        must(good, "what is accepted has the form of options");
        must(options.explain == (std::find(words.begin(), separator, "--explain") != separator),
             "--explain is given or not");
        const std::vector<std::string> command(separator + (separator == words.end() ? 0 : 1), words.end());
        must(options.spec.command == command, "the command is what stands behind --");
        spec::validate(options.spec);
    } catch (const Error& error) {
        check_message(error);
        must(!good || !std::string_view(error.what()).empty(), "a refusal says why");
    }
}

}  // namespace sandbox_fuzz
