#include "windrow/kernel/hash.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace windrow {
namespace {

std::string hex(const std::array<std::uint8_t, 64>& sum) {
  std::string text;
  for (const std::uint8_t byte : sum) text += fmt::format("{:02x}", byte);
  return text;
}

std::string sha512(std::string_view bytes) {
  Sha512 hash;
  hash.update(bytes);
  return hex(hash.finish());
}

// The examples of FIPS 180-4 and NIST's million letters.
TEST(Sha512, PublishedExamples) {
  EXPECT_EQ(sha512(""),
            "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
            "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e");
  EXPECT_EQ(sha512("abc"),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
  EXPECT_EQ(sha512("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
                   "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"),
            "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018"
            "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909");
  EXPECT_EQ(sha512(std::string(1000000, 'a')),
            "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb"
            "de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b");
}

TEST(Sha512, PiecesGiveTheSameAsTheWhole) {
  for (const std::size_t length : {0U, 1U, 111U, 112U, 127U, 128U, 129U, 255U, 256U, 1000U}) {
    std::string text;
    for (std::size_t i = 0; i < length; ++i) text += static_cast<char>(i * 7);
    for (const std::size_t piece : {1U, 3U, 64U, 128U, 200U}) {
      Sha512 hash;
      for (std::size_t at = 0; at < length; at += piece) hash.update(std::string_view(text).substr(at, piece));
      EXPECT_EQ(hex(hash.finish()), sha512(text)) << length << " in pieces of " << piece;
    }
  }
}

TEST(Digest128, IsTheHeadOfTheSum) {
  EXPECT_EQ(digest128("abc").hex(), "ddaf35a193617abacc417349ae204131");
  EXPECT_EQ(Digest128::from_hex("ddaf35a193617abacc417349ae204131"), digest128("abc"));
  EXPECT_EQ((Digest128{0, 1}.hex()), "00000000000000000000000000000001");
}

TEST(Digest128, RefusesWhatIsNotHex) {
  for (const char* text : {"", "ddaf", "ddaf35a193617abacc417349ae20413", "ddaf35a193617abacc417349ae2041311",
                           "gdaf35a193617abacc417349ae204131", "DDAF35A193617ABACC417349AE204131",
                           "ddaf35a193617aba-c417349ae204131", " daf35a193617abacc417349ae204131"})
    EXPECT_THROW(Digest128::from_hex(text), std::invalid_argument) << text;
}

TEST(Fnv1a, PublishedValuesAndChaining) {
  EXPECT_EQ(fnv1a(""), 0xcbf29ce484222325ULL);
  EXPECT_EQ(fnv1a("a"), 0xaf63dc4c8601ec8cULL);
  EXPECT_EQ(fnv1a("foobar"), 0x85944171f73967e8ULL);
  EXPECT_EQ(fnv1a("bar", fnv1a("foo")), fnv1a("foobar"));
}

}  // namespace
}  // namespace windrow
