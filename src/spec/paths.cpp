#include "spec/paths.hpp"

namespace sandbox::spec {

std::vector<std::string> components(std::string_view path) {
    std::vector<std::string> parts;
    while (!path.empty()) {
        const std::size_t slash = path.find('/');
        const std::string_view part = path.substr(0, slash);
        if (!part.empty() && part != ".") {
            parts.emplace_back(part);
        }
        path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    }
    return parts;
}

std::string absolute(std::string_view base, std::string_view path) {
    std::string result;
    if (!path.starts_with('/')) {
        for (const std::string& part : components(base)) {
            result += '/' + part;
        }
    }
    for (const std::string& part : components(path)) {
        result += '/' + part;
    }
    return result.empty() ? "/" : result;
}

std::string without_dots(std::string_view path) {
    if (path.find("/..") == std::string_view::npos) {
        return std::string(path);
    }
    std::string result;
    for (const std::string& part : components(path)) {
        result = part == ".." ? parent(result) : join(result.empty() ? "/" : result, part);
    }
    return result.empty() ? "/" : result;
}

bool is_below_or_same(std::string_view path, std::string_view prefix) {
    return prefix == "/" || (path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/'));
}

std::string join(std::string_view parent, std::string_view name) {
    std::string result(parent);
    if (!result.ends_with('/')) {
        result += '/';
    }
    return result += name;
}

bool fits(std::string_view path) {
    constexpr std::size_t longest_name = 255;
    constexpr std::size_t longest_path = 4095;
    if (path.size() > longest_path) {
        return false;
    }
    std::size_t length = 0;
    for (const char letter : path) {
        length = letter == '/' ? 0 : length + 1;
        if (length > longest_name) {
            return false;
        }
    }
    return true;
}

std::string parent(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    return slash == 0 || slash == std::string_view::npos ? "/" : std::string(path.substr(0, slash));
}

}  // namespace sandbox::spec
