// The only file that includes Boost.Program_options, which takes seconds to compile.
//
// It is used for what it does well, telling options from values, and held back from what would surprise: prefixes are
// not guessed, short options do not exist, unknown options come back as words (so that the message can offer the
// nearest name), and it never sees what stands behind `--`, where it would go on taking options.
#include "cli/program_options.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string_view>
#include <utility>

#include <boost/program_options.hpp>

namespace sandbox::cli {
namespace {

namespace po = boost::program_options;

/// The options that may occur in the arguments: a row costs about a microsecond, and few of them are used at once.
po::options_description describe(std::span<const std::string> arguments, std::span<const Form> options) {
    po::options_description description;
    for (const Form& option : options) {
        const std::string name(option.name);
        const auto named = [&name](std::string_view argument) {
            return argument.starts_with("--") && argument.substr(2).starts_with(name);
        };
        if (std::ranges::none_of(arguments, named)) {
            continue;
        }
        if (option.takes_value()) {
            description.add_options()(name.c_str(), po::value<std::string>());
        } else {
            description.add_options()(name.c_str(), "");
        }
    }
    return description;
}

/// Where the arguments can be cut without parting an option from its value: before an option, behind a word that is
/// complete. Boost's parser removes each word from the front of a vector, which is quadratic: a thousand options are
/// read in pieces instead.
std::span<const std::string> first_piece(std::span<const std::string> arguments) {
    constexpr std::size_t enough = 16;
    for (std::size_t at = enough; at < arguments.size(); ++at) {
        const std::string& before = arguments[at - 1];
        const bool complete = !before.starts_with("--") || before.find('=') != std::string::npos;
        if (complete && arguments[at].starts_with("--")) {
            return arguments.first(at);
        }
    }
    return arguments;
}

Word as_word(const po::option& parsed) {
    Word word;
    word.text = parsed.original_tokens.empty() ? std::string() : parsed.original_tokens.front();
    if (parsed.position_key < 0 && word.text.starts_with("--")) {
        word.option = parsed.string_key;
    }
    if (!word.option.empty() && !parsed.value.empty()) {
        word.value = parsed.value.front();
        word.value_is_next_word = parsed.original_tokens.size() > 1;
    }
    return word;
}

std::vector<Word> parse(const po::options_description& description, std::span<const std::string> arguments) {
    namespace style = po::command_line_style;
    const po::parsed_options parsed =
        po::command_line_parser(std::vector<std::string>(arguments.begin(), arguments.end()))
            .options(description)
            .style(style::allow_long | style::long_allow_adjacent | style::long_allow_next)
            .allow_unregistered()
            .run();
    std::vector<Word> words;
    words.reserve(parsed.options.size());
    std::ranges::transform(parsed.options, std::back_inserter(words), as_word);
    return words;
}

/// Where an option of that name first stands.
std::size_t index_of(std::span<const std::string> arguments, const std::string& option) {
    const auto found = std::ranges::find_if(arguments, [&option](std::string_view argument) {
        return argument == option || argument.starts_with(option + "=");
    });
    return static_cast<std::size_t>(found - arguments.begin());
}

/// The offending word of an exception, which names the option with its dashes.
Word misused(const po::invalid_command_line_syntax& error, const std::string& option) {
    Word word;
    word.text = option;
    word.option = option.substr(std::min<std::size_t>(2, option.size()));
    word.misuse =
        error.kind() == po::invalid_command_line_syntax::extra_parameter ? Misuse::takes_none : Misuse::needs_value;
    return word;
}

/// One piece. An exception says nothing about the words before it, which may hold a mistake that comes first: those are
/// read again alone. Each round has fewer words than the one before.
std::vector<Word> split_piece(const po::options_description& description, std::span<const std::string> arguments) {
    std::optional<Word> last;
    for (;;) {
        try {
            std::vector<Word> words = parse(description, arguments);
            if (last) {
                words.push_back(*std::move(last));
            }
            return words;
        } catch (const po::invalid_command_line_syntax& error) {
            const std::string option = error.get_option_name();
            const std::size_t index = index_of(arguments, option);
            last = misused(error, option);
            if (index == arguments.size()) {
                return {*std::move(last)};
            }
            arguments = arguments.first(index);
        }
    }
}

}  // namespace

std::vector<Word> split(std::span<const std::string> arguments, std::span<const Form> options) {
    const po::options_description description = describe(arguments, options);
    std::vector<Word> words;
    while (!arguments.empty() && (words.empty() || !words.back().misuse)) {
        const std::span<const std::string> piece = first_piece(arguments);
        std::ranges::move(split_piece(description, piece), std::back_inserter(words));
        arguments = arguments.subspan(piece.size());
    }
    return words;
}

}  // namespace sandbox::cli
