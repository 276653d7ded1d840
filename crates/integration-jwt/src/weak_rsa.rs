//! Moduli of the generator with CVE-2017-15361 (ROCA), which can be factored.
//!
//! Its primes are `k * M + 65537^a mod M` for a product `M` of small primes. So modulo each of these
//! the modulus is a power of 65537, which by chance happens once in about 2^27 keys for the primes
//! below.

/// Of the small primes, those modulo which 65537 does not generate every residue.
const PRIMES: [u32; 17] = [
    11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157,
];

const GENERATOR: u32 = 65537;

pub(crate) fn is_roca(modulus: &[u8]) -> bool {
    PRIMES.iter().all(|prime| {
        let residue = modulus.iter().fold(0, |residue, byte| {
            (residue * 256 + u32::from(*byte)) % prime
        });
        is_power(residue, *prime)
    })
}

/// Whether `residue` is a power of the generator modulo `prime`.
fn is_power(residue: u32, prime: u32) -> bool {
    let powers = std::iter::successors(Some(1), |power| Some(power * (GENERATOR % prime) % prime));
    powers.take(prime as usize).any(|power| power == residue)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_prime_tells_something() {
        for prime in PRIMES {
            let reached = (1..prime).filter(|r| is_power(*r, prime)).count();
            assert!(reached < prime as usize - 1, "{prime}");
        }
    }

    #[test]
    fn a_power_of_the_generator_is_recognised() {
        let power = u64::from(GENERATOR).pow(3);
        assert!(is_roca(&power.to_be_bytes()));
        assert!(!is_roca(&(power + 2).to_be_bytes()));
    }
}
