// What makes text from outside harmless: for a terminal (spec::escaped), for a shell (cli::quoted).
#include "fuzz/fuzz.hpp"

#include "cli/quote.hpp"
#include "spec/escape.hpp"

#include <sandbox/error.hpp>

#include <algorithm>
#include <string>

namespace sandbox_fuzz {
namespace {

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

/// The word of a shell, undone: bare characters, and '...' with \' between.
std::string unquoted(std::string_view word) {
    std::string text;
    bool inside = false;
    for (std::size_t at = 0; at < word.size(); ++at) {
        if (word[at] == '\'') {
            inside = !inside;
        } else if (word[at] == '\\' && !inside) {
            text += word[++at];
        } else {
            must(inside || (word[at] != ' ' && word[at] != '$' && word[at] != ';'), "what a shell reads is quoted");
            text += word[at];
        }
    }
    must(!inside, "a quotation ends");
    return text;
}

}  // namespace

void text(std::string_view text) {
    const std::string harmless = sandbox::spec::escaped(text);
    must(std::ranges::none_of(harmless, is_control), "no control character is left");
    // UTF-8 of C1 controls, and of what turns the direction of writing.
    must(harmless.find("\xc2\x9b") == std::string::npos && harmless.find("\xe2\x80\xae") == std::string::npos,
         "no control character of Unicode is left");
    must(sandbox::spec::escaped(harmless) == harmless, "what is harmless stays as it is");

    const std::string word = sandbox::cli::quoted(text);
    must(text.size() > 200 || unquoted(word) == text, "a shell reads the word back");

    const std::string shown = render(sandbox::Error(std::string(text)).with_fix(std::string(text)));
    must(shown.starts_with("sandbox: ") && shown.ends_with('\n'), "a message begins with the program's name");
    for (std::size_t at = shown.find('\n'); at + 1 < shown.size(); at = shown.find('\n', at + 1)) {
        must(shown.compare(at + 1, 2, "  ") == 0, "no further line of a message passes for one of its own");
    }
}

}  // namespace sandbox_fuzz
